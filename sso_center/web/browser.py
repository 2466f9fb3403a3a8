"""The person's browser: its session cookie, the successor it is told, and the device it is.

The session itself is found by core; here is only what travels. No cookie is ever removed because a
look-up failed: a store that is away, or a request that raced a login, must not sign anybody out.
"""

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, Signer

from sso_center.base.secrets import new_secret
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import Outcome, Session, Visit
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.web.address import client_address
from sso_center.web.session_cookie import SessionCookie

DEVICE_LIFETIME = 400 * 86400

_EXTENSION = "sso-browser"


def install(app: Flask, services: Services) -> None:
    """Give `app` the cookies of this module; views then use the functions below."""
    app.extensions[_EXTENSION] = _Cookies(services)
    app.after_request(_set_cookies)


def cookie() -> str | None:
    """Return the session cookie as the browser sent it, unchecked."""
    return request.cookies.get(_cookies().session.name)


def note(visit: Visit) -> None:
    """Act on what the session cookie turned out to be: tell the successor, or end a copied session.

    Raises Unavailable when a reuse can't be recorded; the session is then closed all the same.
    """
    g.sso_visit = visit
    if visit.outcome is Outcome.REUSE and visit.sid is not None:
        _cookies().services.endings.end_session(visit.sid, Reason.REUSE, CENTER)


def current() -> Session | None:
    """Return the session of this browser, asking the store at most once a request.

    Raises Unavailable when the store can't be asked.
    """
    if "sso_visit" not in g:
        note(_cookies().services.sessions.visit(cookie()))
    found: Visit = g.sso_visit
    return found.session


def past_reason() -> str | None:
    """Return why the session of this browser's cookie is over, '' when nobody knows; None when none was.

    Raises Unavailable when the store can't be asked.
    """
    current()
    visit: Visit = g.sso_visit
    if visit.outcome is Outcome.REUSE:
        return Reason.REUSE
    return visit.reason if visit.outcome in (Outcome.EXPIRED, Outcome.ENDED) else None


def open_session(user: User, *, remember: bool, amr: tuple[str, ...]) -> Session:
    """Open a session for a user who has just proved who they are, and set its cookies.

    Another person's session in this browser ends, and so do those of this person that the limit leaves no
    room for. Raises Conflict when the account changed meanwhile, TooManySessions when it refuses a new one.
    """
    services = _cookies().services
    mark = device() or new_secret()
    opened = services.sessions.open(
        user,
        remember=remember,
        amr=amr,
        user_agent=request.headers.get("User-Agent", ""),
        address=client_address(),
        previous=cookie(),
        device=mark,
    )
    g.sso_visit = Visit(Outcome.ALIVE, opened.session, opened.cookie, opened.session.sid)
    g.sso_device = mark
    services.endings.end_sessions(opened.evicted, Reason.EVICTED, CENTER)
    if opened.replaced is not None:
        services.endings.end_session(opened.replaced, Reason.REPLACED, user.sub)
    return opened.session


def forget() -> None:
    """Remove the session cookie with this answer."""
    g.sso_forget = True


def device() -> str | None:
    """Return the id of a browser in which somebody has signed in before, None for any other.

    It marks the browser for the limits on logins and opens nothing. One that signs in with this very
    request is known already.
    """
    if "sso_device" in g:
        return str(g.sso_device)
    return _cookies().read_device(request.cookies.get(_cookies().device_name))


class _Cookies:
    def __init__(self, services: Services) -> None:
        self.services = services
        self.session = SessionCookie(services.settings, services.clock)
        self.is_secure = services.settings.is_secure
        self.device_name = "__Host-sso-device" if self.is_secure else "sso-device"

    def _device_signer(self) -> Signer:
        return Signer(self.services.keys.cookie_secrets("device"), salt="sso.device")

    def read_device(self, text: str | None) -> str | None:
        if not text or len(text) > 200 or not text.isascii():
            return None
        try:
            return self._device_signer().unsign(text).decode()
        except BadSignature:
            return None

    def set_device(self, response: Response, device: str) -> None:
        response.set_cookie(
            self.device_name,
            self._device_signer().sign(device).decode(),
            max_age=DEVICE_LIFETIME,
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
            path="/",
        )


def _cookies() -> _Cookies:
    found: _Cookies = current_app.extensions[_EXTENSION]
    return found


def _set_cookies(response: Response) -> Response:
    cookies = _cookies()
    if g.get("sso_forget"):
        response.headers.add("Set-Cookie", cookies.session.removal())
        known = device()
        if known is not None:
            # Chromium keeps even no-store pages for its back button until a cookie changes, and to it one
            # that is taken out has not changed: the next person could look back at the account.
            cookies.set_device(response, known)
        return response
    visit: Visit | None = g.get("sso_visit")
    if visit is not None and visit.successor is not None and visit.session is not None:
        response.headers.add("Set-Cookie", cookies.session.header(visit.successor, visit.session))
    if "sso_device" in g:
        cookies.set_device(response, g.sso_device)
    return response
