"""The fake center's keys: what they sign, and how the key set shows them."""

from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

_KINDS: dict[str, tuple[Callable[[], Any], Any]] = {
    "ES256": (lambda: generate_private_key(SECP256R1()), ECAlgorithm),
    "EdDSA": (Ed25519PrivateKey.generate, OKPAlgorithm),
    "RS256": (lambda: generate_rsa_key(65537, 2048), RSAAlgorithm),
    "PS256": (lambda: generate_rsa_key(65537, 2048), RSAAlgorithm),
}


class SigningKeys:
    """Keys of one algorithm, the newest last."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._keys: dict[str, Any] = {}
        self.rotate()

    def rotate(self) -> None:
        """Sign with a fresh key from now on; the former stays in the key set."""
        generate, _ = _KINDS[self._algorithm]
        self._keys[token_urlsafe(6)] = generate()

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token signed with the newest key, unless `header` names another."""
        kid = header.get("kid", next(reversed(self._keys)))
        return jwt.encode(claims, self._keys[kid], header.get("alg", self._algorithm), {"kid": kid, **header})

    def public(self) -> list[dict[str, Any]]:
        """Return the public keys as a key set lists them (RFC 7517)."""
        _, kind = _KINDS[self._algorithm]
        of_all = {"use": "sig", "alg": self._algorithm}
        return [
            {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, **of_all}
            for kid, key in self._keys.items()
        ]
