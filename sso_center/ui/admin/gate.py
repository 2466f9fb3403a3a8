"""Who may come in: a person with the admins' role who proved not long ago who they are.

Both are looked at with every request, in the living session: a role that is taken
away counts at the next one.
"""

from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, g, request

from sso_center.base.actor import Actor
from sso_center.base.settings import Settings
from sso_center.core.sessions import Session
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.ui.admin.confirmation import sent_fields
from sso_center.web import browser
from sso_center.web.csrf import CSRFError
from sso_center.web.errors import answer
from sso_center.web.language import gettext
from sso_center.web.pages import go
from sso_center.web.sign_in import sign_in_address

MAX_KEPT = 2000
"""Characters of a form that are kept while the person signs in again; more would not fit into `next`."""


def guard(routes: Blueprint, services: Services) -> None:
    """Let nobody else through to any of `routes`, also of those that are added later."""

    @routes.before_request
    def let_admins_in() -> Response | None:
        session = browser.current()
        if session is None:
            return _to_login(again=False)
        if not session.user.has_role(services.settings.admin_role):
            return _refuse(session, services.settings)
        if not has_just_proved_it(session, services):
            return _to_login(again=True)
        # What holds a NUL is nobody's name, and PostgreSQL refuses to look for it.
        if any("\x00" in value for _, value in request.values.items(multi=True)):
            abort(400)
        g.sso_admin = session
        return None

    @routes.errorhandler(CSRFError)
    def open_too_long(_error: CSRFError) -> Response:
        flash(
            gettext("This page had been open for a long time. Nothing was changed; please try once more."),
            "problem",
        )
        return go(request.path)


def admin() -> Session:
    """Return the session of the admin who asks."""
    found: Session = g.sso_admin
    return found


def acting() -> Actor:
    """Return the admin who asks, as the actor of what they change."""
    return audit_request.actor(admin().sub)


def has_just_proved_it(session: Session, services: Services) -> bool:
    """Say whether the person proved who they are as recently as is asked of admins."""
    return services.clock() - session.auth_time <= services.settings.admin_login_age * 1000


def _refuse(session: Session, settings: Settings) -> Response:
    return answer(
        403,
        title=gettext("For administrators only"),
        text=gettext(
            "You are signed in as %(name)s, who is no administrator here. Sign in as somebody who is, or ask "
            "one of them to give you the role %(role)s.",
            name=session.user.username,
            role=settings.admin_role,
        ),
        instead=(_login_address(again=True), gettext("Sign in as somebody else")),
        detail=f"no admin: {session.sub}",
    )


def _to_login(*, again: bool) -> Response:
    if request.method == "POST":
        flash(
            gettext("Nothing was changed yet. Sign in, and you will be asked once more whether to do it."),
            "problem",
        )
    elif again and _is_opened_by_a_person():
        flash(gettext("To go on, please prove once more that it is you."), "good")
    return go(_login_address(again=again))


def _login_address(*, again: bool) -> str:
    return sign_in_address(_back(), again=again)


def _is_opened_by_a_person() -> bool:
    # Our script asks as well, every few seconds, and would have the same said as often.
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def _back() -> str:
    """Return where the person goes on after the login: here, with what they had typed."""
    fields = sent_fields() if request.method == "POST" else [*request.args.items(multi=True)]
    query = urlencode(fields)
    return f"{request.path}?{query}" if query and len(query) <= MAX_KEPT else request.path
