"""Signed tokens: from text to claims, or refused (RFC 7515, RFC 8725)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from jwt import PyJWS, PyJWTError

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http.jwks import Key, KeySet

MAX_TOKEN = 16 * 1024

_jws = PyJWS()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a token whose signature was verified, and the algorithm that did it."""

    values: dict[str, Any]
    algorithm: str

    def text(self, name: str) -> str:
        """Return a claim that must be a non-empty string. Raises TokenRefused."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value or len(value) > 1024:
            raise TokenRefused("token_claim", f"The token's {name} is no text.", expected=name)
        return value

    def seconds(self, name: str) -> float:
        """Return a claim that must be a time, in seconds since 1970. Raises TokenRefused."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
            raise TokenRefused("token_claim", f"The token's {name} is no time.", expected=name)
        return value


def verify(token: str, keys: KeySet, *, algorithms: Collection[str], types: Collection[str]) -> Claims:
    """Verify a compact JWS and return its claims.

    `algorithms` are the acceptable ones by name, and the key must allow the one used as well
    (RFC 8725 section 3.1); `types` are the acceptable `typ` headers in lower case, "" for none, so that
    one kind of token is never taken for another (section 3.11). Raises TokenRefused; its code is
    `token_key_unknown` when fresher keys might help.
    """
    header = _header(token)
    kind = header.get("typ", "")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in types:
        raise TokenRefused("token_type", "The token is of another kind.", expected=sorted(types), actual=kind)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenRefused(
            "token_algorithm", "The algorithm is not allowed.", expected=sorted(algorithms), actual=algorithm
        )
    if "crit" in header:
        raise TokenRefused("token_malformed", "The token needs an extension we don't know.")
    key = _find(keys, header.get("kid"), algorithm)
    return Claims(_payload(token, key, algorithm), algorithm)


def check_issuer(claims: Claims, issuer: str) -> None:
    """Check that `issuer` made the token. Raises TokenRefused."""
    actual = claims.values.get("iss")
    if actual != issuer:
        raise TokenRefused("token_issuer", "The token is of another issuer.", expected=issuer, actual=actual)


def check_time(claims: Claims, now: int, leeway: float) -> None:
    """Check that the token counts now (ms since 1970), with `leeway` in seconds. Raises TokenRefused."""
    seconds, expires = now / 1000, claims.seconds("exp")
    starts = max(claims.seconds(name) for name in ("iat", "nbf") if name == "iat" or name in claims.values)
    if seconds >= expires + leeway:
        raise TokenRefused(
            "token_expired", "The token has expired.", expected=f"> {seconds:.0f}", actual=expires
        )
    if starts > seconds + leeway:
        raise TokenRefused(
            "token_from_future", "The token does not count yet.", expected=f"<= {seconds:.0f}", actual=starts
        )


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN:
        raise TokenRefused("token_malformed", "The token is too long.", expected=MAX_TOKEN, actual=len(token))
    try:
        header: dict[str, Any] = _jws.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError) as bad:
        raise TokenRefused("token_malformed", "This is no signed token.") from bad
    return header


def _find(keys: KeySet, kid: object, algorithm: str) -> Key:
    known = keys.get(kid, ()) if isinstance(kid, str) else ()
    if not known:
        raise TokenRefused("token_key_unknown", "The token names no key of the center.", actual=kid)
    for key in known:
        if algorithm in key.algorithms:
            return key
    raise TokenRefused(
        "token_algorithm",
        "The key is for another algorithm.",
        expected=sorted(known[0].algorithms),
        actual=algorithm,
    )


def _payload(token: str, key: Key, algorithm: str) -> dict[str, Any]:
    try:
        payload = _jws.decode(token, key.public, algorithms=[algorithm])
    except (PyJWTError, ValueError) as bad:
        raise TokenRefused("token_signature", "The token's signature is not of the center.") from bad
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as bad:
        raise TokenRefused("token_malformed", "The token's claims are no JSON.") from bad
    if not isinstance(claims, dict):
        raise TokenRefused("token_malformed", "The token's claims are no JSON object.")
    return claims
