"""ID tokens: validation, and the person they describe (OIDC Core 3.1.3.7)."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http.jwks import KeySet
from client_sdk.core.login.attempts import LoginAttempt
from client_sdk.core.sessions.local_session import User
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.jwt import Claims, check_issuer, check_time, verify
from client_sdk.core.tokens.token_response import TokenResponse

MAX_AGE = 600
OF_THE_TOKEN = frozenset(
    {
        *("iss", "aud", "exp", "iat", "nbf", "jti", "azp", "nonce", "at_hash", "c_hash", "sid", "stamp"),
        *("auth_time", "acr", "amr"),
    }
)
"""Claims that are about the token and the login. All others are about the person."""
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


@dataclass(frozen=True, slots=True)
class Identity:
    """What a valid ID token says; `issued_at` in seconds of the center's clock.

    `stamp` is what cut-offs are compared with, in milliseconds; None when the center sends none.
    """

    user: User
    issued_at: float
    stamp: int | None = None


def validate(
    tokens: TokenResponse, keys: KeySet, settings: Settings, attempt: LoginAttempt, now: int
) -> Identity:
    """Return who signed in; `now` is in milliseconds since 1970. Raises TokenRefused."""
    # A token without `typ` is an ordinary JWT; logout and access tokens name their kind.
    claims = verify(tokens.id_token, keys, algorithms=settings.algorithms, types=("", "jwt"))
    check_origin(claims, settings)
    _check_audience(claims, settings.client_id)
    check_recent(claims, now, settings.leeway)
    _check_nonce(claims, attempt.nonce)
    _check_access_token(claims, tokens.access_token)
    return Identity(_user(claims), claims.seconds("iat"), _stamp(claims))


def check_origin(claims: Claims, settings: Settings) -> None:
    """Check that the center made the token for this site alone. Raises TokenRefused."""
    check_issuer(claims, settings.issuer)
    audience = claims.values.get("aud")
    # We have no reason to trust an audience beside this site.
    if audience not in (settings.client_id, [settings.client_id]):
        raise TokenRefused(
            "token_audience", "The token is for others.", expected=settings.client_id, actual=audience
        )


def check_recent(claims: Claims, now: int, leeway: float) -> None:
    """Check that the token counts now (ms since 1970) and is new, with `leeway` in seconds.

    Raises TokenRefused.
    """
    check_time(claims, now, leeway)
    seconds, issued = now / 1000, claims.seconds("iat")
    if issued < seconds - MAX_AGE - leeway:
        raise TokenRefused(
            "token_too_old", "The token was made long ago.", expected=f"~ {seconds:.0f}", actual=issued
        )


def _check_audience(claims: Claims, client_id: str) -> None:
    party = claims.values.get("azp", client_id)
    if party != client_id:
        raise TokenRefused(
            "token_authorized_party",
            "The token was made for another party.",
            expected=client_id,
            actual=party,
        )


def _check_nonce(claims: Claims, nonce: str) -> None:
    # A token of another login, replayed into this one, carries the other login's nonce.
    if not hmac.compare_digest(claims.text("nonce").encode(), nonce.encode()):
        raise TokenRefused("token_nonce", "The token belongs to another login.")


def _check_access_token(claims: Claims, access_token: str) -> None:
    said = claims.values.get("at_hash")
    if said is None:
        return
    if not isinstance(said, str) or not hmac.compare_digest(
        said.encode(), at_hash(access_token, claims.algorithm).encode()
    ):
        raise TokenRefused("token_at_hash", "The token belongs to another access token.")


def at_hash(access_token: str, algorithm: str) -> str:
    """Return the left half of the hash that the signature algorithm uses (OIDC Core 3.1.3.6)."""
    # Ed25519 signs over SHA-512.
    digest = _HASHES.get(algorithm[-3:], sha512)(access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _user(claims: Claims) -> User:
    roles = claims.values.get("roles", [])
    if not isinstance(roles, list) or any(not isinstance(role, str) for role in roles):
        raise TokenRefused("token_claim", "The token's roles are no list of names.", expected="roles")
    claims.text("sub")
    of_the_person = {name: value for name, value in claims.values.items() if name not in OF_THE_TOKEN}
    return User.from_claims(claims.text("sid"), of_the_person)


def _stamp(claims: Claims) -> int | None:
    return int(claims.seconds("stamp")) if "stamp" in claims.values else None
