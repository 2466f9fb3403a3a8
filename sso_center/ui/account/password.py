"""/account/password: the current password, a new one, and everybody else out."""

from flask import Response, flash, request

from sso_center.base.errors import Invalid, TooMany
from sso_center.core.audit import Tag
from sso_center.core.sessions import Session
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import audit_request, passwords
from sso_center.web import browser
from sso_center.web.address import client_address
from sso_center.web.errors import wait_text
from sso_center.web.language import gettext
from sso_center.web.pages import go, render


def show(services: Services, user: User) -> Response:
    """Return the empty form."""
    return _page(services, user)


def take(services: Services, session: Session) -> Response:
    """Change the password when the current one is right; this browser goes on with a new session."""
    user = session.user
    current = request.form.get("current", "")
    try:
        new = passwords.read_new()
        _check_current(services, user, current)
        changed = services.administration.own.change_password(audit_request.actor(user.sub), user, new)
    except Invalid as refused:
        return _page(services, user, 400, problem=passwords.explain(refused), field=refused.field)
    except TooMany as too_many:
        response = _page(
            services,
            user,
            429,
            problem=wait_text(too_many.retry_after),
            field="current",
        )
        response.headers["Retry-After"] = str(too_many.retry_after)
        return response
    browser.open_session(changed, remember=session.is_remembered, amr=session.amr)
    if _ends_sessions(services):
        flash(gettext("Your password is changed. All other devices are signed out."), "good")
    else:
        flash(gettext("Your password is changed."), "good")
    return go("/account")


def _check_current(services: Services, user: User, current: str) -> None:
    # Limited like a login: a browser left signed in must not become a way to try passwords.
    services.limits.try_login(user.username, client_address(), browser.device())
    if len(current) > passwords.MAX_PASSWORD or not services.users.check_password(user.sub, current):
        audit_request.record(services, Tag.PASSWORD_CHANGE_FAILED, sub=user.sub)
        raise Invalid(gettext("This is not your current password."), field="current")
    services.limits.give_back(user.username, client_address(), browser.device())


def _ends_sessions(services: Services) -> bool:
    return "sessions" in services.settings.on_password_change


def _page(services: Services, user: User, status: int = 200, **context: object) -> Response:
    return render("password.html", status, user=user, ends_sessions=_ends_sessions(services), **context)
