"""The center's public keys (RFC 7517), each tied to the algorithms it may verify."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import HttpRequest, HttpResponse, check_ok

MAX_KEYS = 100
MIN_RSA_BITS = 2048

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the algorithms, by their JOSE names, that it may be used with.

    The key decides, not the token: a token that names another algorithm for it is refused.
    """

    kid: str
    algorithms: frozenset[str]
    public: Any = field(repr=False)


KeySet = Mapping[str, tuple[Key, ...]]
"""Keys by their id. A center may give an RSA and an EC key the same id."""


def build_request(jwks_uri: str) -> HttpRequest:
    """Build the request for the key set."""
    return HttpRequest("GET", jwks_uri, {"Accept": "application/json"}, is_repeatable=True)


def process_response(response: HttpResponse) -> KeySet:
    """Read the key set; keys that are not for signatures, or of unknown kinds, are left out.

    Raises Unavailable.
    """
    check_ok(response.status)
    listed = response.json_object().get("keys")
    if not isinstance(listed, list):
        raise Unavailable("center_malformed", "The center's key set has no keys.")
    found: dict[str, tuple[Key, ...]] = {}
    for entry in listed[:MAX_KEYS]:
        key = _key(entry) if isinstance(entry, dict) else None
        if key is not None:
            found[key.kid] = (*found.get(key.kid, ()), key)
    return found


def _key(entry: dict[str, Any]) -> Key | None:
    kid = entry.get("kid")
    if not isinstance(kid, str) or not kid or entry.get("use", "sig") != "sig":
        return None
    try:
        algorithms, public = _of_kind(entry)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if "alg" in entry:
        algorithms &= {entry["alg"]}
    return Key(kid, algorithms, public) if algorithms else None


def _of_kind(entry: dict[str, Any]) -> tuple[frozenset[str], Any]:
    # Symmetric keys ("oct") have no branch: a public HMAC key verifies nothing.
    kind = entry.get("kty")
    if "d" in entry:
        raise ValueError("a private key")
    if kind == "RSA":
        public = RSAAlgorithm.from_jwk(entry)
        if not isinstance(public, RSAPublicKey) or public.key_size < MIN_RSA_BITS:
            raise ValueError("too short")
        return _RSA, public
    if kind == "EC":
        return frozenset({_CURVES[entry["crv"]]}), ECAlgorithm.from_jwk(entry)
    if kind == "OKP" and entry.get("crv") == "Ed25519":
        return frozenset({"EdDSA"}), OKPAlgorithm.from_jwk(entry)
    raise ValueError("unknown kind")
