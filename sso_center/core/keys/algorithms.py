"""The algorithms for signing JWTs: create a key, its public form, its name.

HMAC is not offered: it would need the clients' secrets in clear.
"""

import hashlib
import json
from typing import Any, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import Algorithm, get_default_algorithms

ALGORITHMS = ("RS256", "ES256", "EdDSA")
RSA_BITS = 2048

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# RFC 7638 section 3.2, RFC 8037 section 2: the members of a thumbprint.
_THUMBPRINT_MEMBERS = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
_IMPLEMENTATIONS = get_default_algorithms()
_P256_BYTES = 32
_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def implementation(algorithm: str) -> Algorithm:
    """Return PyJWT's implementation of an algorithm."""
    return _IMPLEMENTATIONS[algorithm]


def signature_of(message: bytes, key: PrivateKey, algorithm: str) -> bytes:
    """Return the deterministic signature of a message: a token issued again is the same token.

    ES256 chooses its number by RFC 6979, from the message and the key.
    """
    if algorithm != "ES256":
        return _IMPLEMENTATIONS[algorithm].sign(message, key)
    # Not by isinstance: the type is an abstract class and slow to check.
    r, s = decode_dss_signature(cast(ec.EllipticCurvePrivateKey, key).sign(message, _ECDSA))
    return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)


def make_private_key(algorithm: str) -> PrivateKey:
    """Return a new private key; an RSA key takes a tenth of a second or more."""
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def private_bytes(key: PrivateKey) -> bytes:
    """Return a private key in the form that is encrypted for the store (PKCS 8, DER)."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key(stored: bytes) -> PrivateKey:
    """Return the key that `private_bytes` wrote."""
    # We made it, and its encryption proves that it is unchanged: testing the primes again takes 50 ms.
    key = load_der_private_key(stored, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    return key


def public_jwk(algorithm: str, key: PrivateKey) -> dict[str, Any]:
    """Return the public half as a JWK, named by its thumbprint (RFC 7517, RFC 7638)."""
    as_json: Any = implementation(algorithm)
    jwk: dict[str, Any] = dict(as_json.to_jwk(key.public_key(), as_dict=True))
    public = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    return {**public, "kid": _thumbprint(public), "use": "sig", "alg": algorithm}


def _thumbprint(public: dict[str, Any]) -> str:
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(canonical).hexdigest()[:32]
