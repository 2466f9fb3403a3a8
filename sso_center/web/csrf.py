"""Forms that only our own pages can send (Flask-WTF), and the signed cookie that their tokens are bound to.

The cookie exists before anyone is signed in, so that a login form can't be sent from elsewhere either:
without that, an attacker signs a victim in to the attacker's own account and reads what the victim leaves
there. Neither says who somebody is; signing in and out is the business of the session cookie alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]

from sso_center.base.settings import Settings

__all__ = ["CSRFError", "exempt", "install", "use_secrets"]

COOKIE = "sso-form"
FIELD = "csrf_token"

OUR_PAGES = ("same-origin", "none")
"""What Sec-Fetch-Site says of a page of this very host, or of a person who typed an address."""


def install(app: Flask, settings: Settings) -> None:
    """Check every POST, PUT, PATCH and DELETE of `app`; a bad one raises CSRFError (400).

    `app.secret_key` signs; tokens of `SECRET_KEY_FALLBACKS` are still accepted.
    """
    if not app.secret_key:
        raise RuntimeError("secret_key must be set first: it signs the forms")
    app.session_interface = FormSessions()
    app.config.update(
        # The prefix makes browsers refuse a cookie of that name set by a neighbouring host name.
        SESSION_COOKIE_NAME=f"__Host-{COOKIE}" if settings.is_secure else COOKIE,
        SESSION_COOKIE_SECURE=settings.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_FIELD_NAME=FIELD,
        # A token is worth nothing without its cookie, which ends with the browser: a page left open
        # overnight may still be sent.
        WTF_CSRF_TIME_LIMIT=None,
        # Our pages send no Referer, so it can't be asked for; Sec-Fetch-Site says the same and more.
        WTF_CSRF_SSL_STRICT=False,
    )
    use_secrets(app, [*(app.config.get("SECRET_KEY_FALLBACKS") or ()), str(app.secret_key)])
    FormProtection(app)


def use_secrets(app: Flask, secrets: Sequence[str]) -> None:
    """Sign forms and their cookie with the last of `secrets`; the others are still accepted."""
    app.secret_key = secrets[-1]
    app.config["SECRET_KEY_FALLBACKS"] = list(secrets[:-1])
    app.config["WTF_CSRF_SECRET_KEY"] = list(secrets)


def exempt(app: Flask, blueprint: Blueprint) -> None:
    """Let `blueprint` of `app` take requests without a token: its callers are programs, without a cookie."""
    app.extensions["csrf"].exempt(blueprint)


class FormProtection(CSRFProtect):  # type: ignore[misc]
    """Flask-WTF's check of the token, and after it what the browser itself says of the sender."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Check the current request; raises CSRFError."""
        super().protect(apply_exemptions=apply_exemptions)
        # "same-site" is another host of the organisation: it may set cookies for this one, and with them a
        # token that it knows.
        if g.get("csrf_valid", False) and request.headers.get("Sec-Fetch-Site", "none") not in OUR_PAGES:
            raise CSRFError("The form was sent by another site.")


class FormSession(SessionMixin):
    """Flask's session, read from its cookie only when someone asks: most requests never do."""

    def __init__(self, interface: "FormSessions", app: Flask, incoming: Request) -> None:
        self._source = (interface, app, incoming)
        self._values: dict[str, Any] | None = None
        self.modified = False

    @property
    def is_read(self) -> bool:
        return self._values is not None

    @property
    def values_read(self) -> dict[str, Any]:
        if self._values is None:
            interface, app, incoming = self._source
            self._values = dict(interface.read_cookie(app, incoming))
        return self._values

    def __getitem__(self, key: str) -> Any:
        return self.values_read[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.values_read[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self.values_read[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_read)

    def __len__(self) -> int:
        return len(self.values_read)


class FormSessions(SecureCookieSessionInterface):
    """Keeps a FormSession in a cookie, as Flask does its own."""

    def open_session(self, app: Flask, request: Request) -> FormSession:  # type: ignore[override]
        """Return the session of a request, unread."""
        return FormSession(self, app, request)

    def read_cookie(self, app: Flask, incoming: Request) -> dict[str, Any]:
        """Return what the cookie of `incoming` holds; nothing when it is missing, forged or too old."""
        return dict(super().open_session(app, incoming) or {})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie when the session was changed."""
        if isinstance(session, FormSession) and session.is_read:
            super().save_session(app, session, response)
