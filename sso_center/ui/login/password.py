"""The step of name and password."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field

from flask import Response, request

from sso_center.base.errors import Invalid, TooMany, Unavailable
from sso_center.core.audit import Tag
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.ui.login.session_ended import session_ended_message
from sso_center.ui.login.step import Progress, Step, Visit
from sso_center.web import browser
from sso_center.web.address import client_address
from sso_center.web.errors import wait_text
from sso_center.web.language import gettext, lazy_gettext
from sso_center.web.pages import render

log = logging.getLogger(__name__)

MAX_USERNAME = 254
MAX_PASSWORD = 1024


@dataclass(frozen=True)
class LoginFormData:
    """What the form held; the name is as typed, without the blanks that phones add."""

    username: str
    password: str = field(repr=False)
    is_remembered: bool


def read_form() -> LoginFormData:
    """Return what was sent.

    Raises Invalid when a field came twice, is too long or holds what no keyboard types.
    """
    for name in ("username", "password", "remember"):
        if len(request.form.getlist(name)) > 1:
            raise Invalid("A field was sent twice.", field=name)
    username = request.form.get("username", "").strip()
    password = request.form.get("password", "")
    if len(username) > MAX_USERNAME or not username.isprintable():
        raise Invalid("That is not a user name.", field="username")
    if len(password) > MAX_PASSWORD or "\0" in password:
        raise Invalid("That is not a password.", field="password")
    return LoginFormData(username, password, "remember" in request.form)


def is_due(progress: Progress | None, user: User | None) -> bool:
    """Due until a user is known."""
    return progress is None or user is None


def show(visit: Visit) -> Response:
    """Return the form, with the name that the site or the session here suggests."""
    return _page(visit, username=_expected_name(), notice=session_ended_message())


def show_again(visit: Visit) -> Response:
    """Return the form with what was typed, after its token was found to be too old."""
    return _page(
        visit,
        400,
        username=request.form.get("username", "")[:MAX_USERNAME],
        is_remembered="remember" in request.form,
        notice=gettext("This page had been open for a long time. Please enter your password once more."),
    )


def take(visit: Visit) -> Progress | Response:
    """Check name and password; an unknown name and a wrong password get the same answer, in the same time."""
    try:
        sent = read_form()
    except Invalid:
        return _page(visit, 400, problem=gettext("Please check your user name and password."))
    if not sent.username or not sent.password:
        return _refused(visit, sent, 400, gettext("Please enter your user name and your password."))

    try:
        visit.services.limits.try_login(sent.username, client_address(), browser.device())
    except TooMany as too_many:
        # Not in the audit log: who is limited could fill it.
        log.info("login limited: %s", too_many.detail)
        response = _refused(visit, sent, 429, wait_text(too_many.retry_after))
        response.headers["Retry-After"] = str(too_many.retry_after)
        return response

    user = visit.services.users.authenticate(sent.username, sent.password)
    if user is None:
        _remember_failure(visit.services, sent.username)
        return _refused(visit, sent, 403, gettext("User name and password don't match. Please try again."))
    # From here on it was no guess, whatever the later steps find.
    with suppress(Unavailable):
        visit.services.limits.give_back(sent.username, client_address(), browser.device())
    return Progress(user.sub, user.version, ("pwd",), sent.is_remembered, visit.services.clock())


def _remember_failure(services: Services, username: str) -> None:
    # Looked up whether or not it exists, so that both take the same time. What was typed is not written down.
    account = services.users.find(username)
    audit_request.record(services, Tag.LOGIN_FAILED, sub=account.sub if account else "")


def _expected_name() -> str:
    hint = request.args.get("login_hint", "")[:MAX_USERNAME]
    if hint.isprintable() and hint:
        return hint
    session = browser.current()
    return session.user.username if session else ""


def _refused(visit: Visit, sent: LoginFormData, status: int, problem: str) -> Response:
    return _page(visit, status, username=sent.username, is_remembered=sent.is_remembered, problem=problem)


def _page(visit: Visit, status: int = 200, **context: object) -> Response:
    return render("login.html", status, visit=visit, **context)


STEP = Step(
    "password", is_due, show, take, begins=lazy_gettext("Sign in with a password"), show_again=show_again
)
