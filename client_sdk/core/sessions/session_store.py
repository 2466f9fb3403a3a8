"""What both stores of local sessions can do, and the choice between them."""

from typing import Any, Protocol

from client_sdk.core.clock import Clock
from client_sdk.core.errors import BadSettings
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.settings import Settings


class SessionStore(Protocol):
    """Keeps local sessions. Every method may raise Unavailable."""

    def open(self, session: LocalSession, proved_at: int) -> str:
        """Keep a session and return the cookie's value; `proved_at` as in `end`."""

    def find(self, value: str) -> LocalSession | None:
        """Return the session of a cookie's value, or None when it is forged, unknown or over."""

    def drop(self, value: str) -> None:
        """Forget the one session of a cookie's value."""

    def binding(self, session: LocalSession, value: str) -> str:
        """Return the binding under which a session's tokens are sealed."""

    def read_tokens(self, value: str, cookie: str) -> str:
        """Return the sealed tokens of a session, "" for none; `cookie` is what the browser sent."""

    def write_tokens(self, value: str, sealed: str, former: str) -> str | None:
        """Store sealed tokens in place of `former`; return the value of their cookie, None for no cookie.

        Raises ValueError when they do not fit.
        """

    def end(self, sid: str, at: int) -> None:
        """Forget all of a global session; `at` is in milliseconds since 1970."""

    def end_user(self, sub: str, cut_off: int) -> None:
        """Forget all sessions of a user stamped up to `cut_off` (ms, the center's clock)."""

    def is_first(self, jti: str, lifetime: int) -> bool:
        """Say, once, that a logout token's id is new; remember it for `lifetime` milliseconds."""


def open_store(settings: Settings, clock: Clock) -> SessionStore:
    """Return the store that `settings.sessions` chooses. Raises BadSettings."""
    chosen: Any = settings.sessions
    if chosen == "cookie":
        from client_sdk.core.sessions.cookie_sessions import CookieSessions  # noqa: PLC0415

        return CookieSessions(settings)
    try:
        from client_sdk.core.sessions.redis_sessions import RedisSessions, connect  # noqa: PLC0415
    except ImportError as missing:
        raise BadSettings('sessions in Redis need redis-py: pip install "sso-center[redis]"') from missing
    if isinstance(chosen, str):
        if chosen.partition("://")[0] not in ("redis", "rediss", "unix"):
            raise BadSettings('sessions should be "cookie", a Redis URL or a Redis client')
        return RedisSessions(settings, clock, lambda: connect(chosen))
    if not hasattr(chosen, "hmget"):
        raise BadSettings('sessions should be "cookie", a Redis URL or a Redis client')
    return RedisSessions(settings, clock, lambda: chosen)
