"""/account/sessions/<sid>/not-me: the person reports a session that is not theirs.

It ends, and all others too on request.
"""

from flask import Response, flash, request

from sso_center.core.audit import Tag
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Session, SessionView
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.ui.account.overview import place_of
from sso_center.web import browser
from sso_center.web.language import gettext
from sso_center.web.pages import go, render

EVERYWHERE = "everywhere"


def show(services: Services, session: Session, sid: str) -> Response:
    """Return the question, with what is known of that device."""
    view = _mine(services, session, sid)
    return _gone() if view is None else render("disown.html", place=place_of(services, view, session))


def take(services: Services, session: Session, sid: str) -> Response:
    """End that session and tell the admins; with the others, the way leads on to a new password."""
    view = _mine(services, session, sid)
    if view is None:
        return _gone()
    is_everywhere = request.form.get("where") == EVERYWHERE
    # First of all, so that it is recorded whatever fails after it.
    audit_request.record(
        services, Tag.SESSION_DISOWNED, sub=session.sub, sid=sid, detail={"everywhere": is_everywhere}
    )
    if is_everywhere:
        return _end_all_but_this(services, session)
    services.endings.end_session(sid, Reason.LOGOUT, session.sub)
    if sid == session.sid:
        browser.forget()
        return go("/login")
    flash(gettext("That device is signed out, and so are the sites that were used there."), "good")
    return go("/account")


def _end_all_but_this(services: Services, session: Session) -> Response:
    # This browser is needed for the new password, which then replaces its session as well.
    others = [view.sid for view in services.sessions.of_user(session.sub) if view.sid != session.sid]
    services.endings.end_sessions(others, Reason.LOGOUT, session.sub)
    flash(gettext("You are signed out everywhere else. Now choose a password that nobody knows."), "good")
    return go("/account/password")


def _mine(services: Services, session: Session, sid: str) -> SessionView | None:
    # Looked for among the person's own: a sid is no secret, so knowing one must not be enough.
    return next((view for view in services.sessions.of_user(session.sub) if view.sid == sid), None)


def _gone() -> Response:
    flash(gettext("That device is not signed in any more."), "good")
    return go("/account")
