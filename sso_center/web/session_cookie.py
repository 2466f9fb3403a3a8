"""The session cookie as text: how it is read from a request and written into an answer."""

from wsgiref.types import WSGIEnvironment

from werkzeug.http import dump_cookie, parse_cookie

from sso_center.base.clock import Clock
from sso_center.base.settings import Settings
from sso_center.core.sessions import Session


class SessionCookie:
    """Knows the cookie's name and attributes, which follow from the settings alone."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._is_secure = settings.is_secure
        self._clock = clock
        # The prefix makes browsers refuse a cookie of that name set by a neighbouring host (RFC 6265bis).
        self.name = "__Host-sso" if settings.is_secure else "sso"

    def read(self, environ: WSGIEnvironment) -> str | None:
        """Return the cookie as the browser sent it, unchecked."""
        return parse_cookie(environ).get(self.name)

    def header(self, text: str, session: Session) -> str:
        """Return the Set-Cookie value that gives a browser `text`, for as long as its session may live."""
        left = max((session.deadline - self._clock()) // 1000, 1)
        return self._dump(text, left if session.is_remembered else None)

    def removal(self) -> str:
        """Return the Set-Cookie value that takes the cookie away."""
        return self._dump("", 0)

    def _dump(self, value: str, max_age: int | None) -> str:
        return dump_cookie(
            self.name, value, max_age=max_age, secure=self._is_secure, httponly=True, samesite="Lax", path="/"
        )
