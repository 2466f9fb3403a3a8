"""/account: looking, and signing out here, there or everywhere else."""

from flask import Blueprint, Response, flash, request

from sso_center.base.profile import PERSON
from sso_center.core.audit import Tag
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Session
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.ui.account import access, password, profile, stolen_session
from sso_center.ui.account.alerts import alerts_of
from sso_center.ui.account.overview import overview_of
from sso_center.web import browser
from sso_center.web.csrf import CSRFError
from sso_center.web.language import gettext
from sso_center.web.pages import go, render
from sso_center.web.sign_in import sign_in_address

PASSWORD = "/account/password"  # noqa: S105 - an address
PROFILE = "/account/profile"


def blueprint(services: Services) -> Blueprint:
    """Return the routes of the account; each sends whoever is not signed in to the login first."""
    routes = Blueprint("account", __name__)

    @routes.get("/")
    def root() -> Response:
        return go("/account")

    @routes.get("/account")
    def account() -> Response:
        session = browser.current()
        return _show(services, session) if session else _to_login("/account")

    @routes.post("/account/sessions/<sid>/end")
    def end(sid: str) -> Response:
        session = browser.current()
        return _end_one(services, session, sid) if session else _to_login("/account")

    @routes.route("/account/sessions/<sid>/not-me", methods=["GET", "POST"])
    def not_me(sid: str) -> Response:
        session = browser.current()
        if session is None:
            return _to_login("/account")
        step = stolen_session.take if request.method == "POST" else stolen_session.show
        return step(services, session, sid)

    @routes.post("/account/sessions/end-others")
    def end_others() -> Response:
        session = browser.current()
        return _end_others(services, session) if session else _to_login("/account")

    @routes.post("/account/sites/<client_id>/leave")
    def leave(client_id: str) -> Response:
        session = browser.current()
        return _leave(services, session, client_id) if session else _to_login("/account")

    @routes.post("/account/access/<client_id>/withdraw")
    def withdraw(client_id: str) -> Response:
        session = browser.current()
        return access.withdraw(services, session, client_id) if session else _to_login("/account")

    @routes.get(PASSWORD)
    def show_password() -> Response:
        session = browser.current()
        return password.show(services, session.user) if session else _to_login(PASSWORD)

    @routes.post(PASSWORD)
    def change_password() -> Response:
        session = browser.current()
        return password.take(services, session) if session else _to_login(PASSWORD)

    @routes.route(PROFILE, methods=["GET", "POST"])
    def own_profile() -> Response:
        session = browser.current()
        if session is None:
            return _to_login(PROFILE)
        return (
            profile.take(services, session)
            if request.method == "POST"
            else profile.show(services, session.user)
        )

    @routes.errorhandler(CSRFError)
    def open_too_long(_error: CSRFError) -> Response:
        flash(
            gettext("This page had been open for a long time. Nothing was changed; please try once more."),
            "problem",
        )
        return go(request.path if request.path in (PASSWORD, PROFILE) else "/account")

    return routes


def _show(services: Services, session: Session) -> Response:
    return render(
        "account.html",
        user=session.user,
        may_edit=bool(services.settings.profile.editable_by(PERSON)),
        is_admin=session.user.has_role(services.settings.admin_role),
        overview=overview_of(services, session),
        accesses=access.accesses_of(services, session.user),
        alarms=alerts_of(services, session.sub),
    )


def _end_one(services: Services, session: Session, sid: str) -> Response:
    # Looked for among the person's own: a sid is no secret, so knowing one must not be enough.
    if all(view.sid != sid for view in services.sessions.of_user(session.sub)):
        flash(gettext("That device is not signed in any more."), "good")
        return go("/account")
    _end(services, session, sid)
    if sid == session.sid:
        browser.forget()
        return go("/login")
    flash(gettext("That device is signed out, and so are the sites that were used there."), "good")
    return go("/account")


def _end_others(services: Services, session: Session) -> Response:
    for view in services.sessions.of_user(session.sub):
        if view.sid != session.sid:
            _end(services, session, view.sid)
    flash(gettext("You are signed out everywhere else."), "good")
    return go("/account")


def _leave(services: Services, session: Session, client_id: str) -> Response:
    if services.endings.leave(session.sid, client_id, session.sub):
        flash(gettext("You are signed out of that site. Opening it again signs you in again."), "good")
    else:
        flash(gettext("You are not signed in at that site any more."), "good")
    return go("/account")


def _end(services: Services, session: Session, sid: str) -> None:
    services.endings.end_session(sid, Reason.LOGOUT, session.sub)
    audit_request.record(services, Tag.ACCOUNT_SESSION_ENDED, sub=session.sub, sid=sid)


def _to_login(back: str) -> Response:
    return go(sign_in_address(back))
