"""Logout tokens: the sessions that the center ended (OIDC Back-Channel Logout 1.0 section 2.6)."""

from dataclasses import dataclass

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http.jwks import KeySet
from client_sdk.core.login.id_token import check_origin, check_recent
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.jwt import verify

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """A valid logout token: the session it ends, or every session of a user when it names none.

    `issued_at` and `expires_at` are in seconds of the center's clock.
    """

    sid: str | None
    sub: str | None
    jti: str
    issued_at: float
    expires_at: float


def validate(token: str, keys: KeySet, settings: Settings, now: int) -> LogoutToken:
    """Return what a logout token says; `now` is in milliseconds since 1970.

    The caller checks whether its `jti` was seen before. Raises TokenRefused.
    """
    claims = verify(token, keys, algorithms=settings.algorithms, types=("logout+jwt",))
    check_origin(claims, settings)
    check_recent(claims, now, settings.leeway)
    events = claims.values.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenRefused("token_events", "The token reports no logout.", expected=EVENT)
    # A nonce marks an ID token; refusing it keeps one from being passed off as a logout (section 2.4).
    if "nonce" in claims.values:
        raise TokenRefused("token_nonce", "A logout token has no nonce.")
    if "sid" not in claims.values and "sub" not in claims.values:
        raise TokenRefused(
            "token_claim", "The token names neither a session nor a user.", expected="sid or sub"
        )
    return LogoutToken(
        sid=claims.text("sid") if "sid" in claims.values else None,
        sub=claims.text("sub") if "sub" in claims.values else None,
        jti=claims.text("jti"),
        issued_at=claims.seconds("iat"),
        expires_at=claims.seconds("exp"),
    )
