"""/admin/sessions/<sid>/end: ending one session, at the center and at every site that joined it."""

from flask import Blueprint, Response, flash

from sso_center.base.errors import NotFound
from sso_center.core.cutoffs import Reach
from sso_center.core.sessions import SessionView
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.formatting import person_called, site_called
from sso_center.ui.admin.gate import acting, admin
from sso_center.ui.devices import device_of
from sso_center.web.language import gettext
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/sessions/<sid>/end", methods=["GET", "POST"])
    def end_session(sid: str) -> Response:
        view = services.sessions.view(sid)
        if view is None:
            return go(f"/admin/sessions/{sid}")
        return _end(services, view) if is_confirmed() else _ask(services, view)


def _ask(services: Services, view: SessionView) -> Response:
    sites = [site_called(services, client_id) for client_id in view.client_ids]
    return ask(
        Question(
            title=gettext("End this session?"),
            text=gettext("The person is signed out of this device at once, here and at its sites."),
            facts=[
                (gettext("Person"), person_called(services, view.sub)),
                (gettext("Device"), device_of(view.user_agent).label),
                (gettext("Address"), view.address or gettext("unknown")),
                (gettext("Sites"), gettext(", ").join(sites) or gettext("none")),
            ],
            reach=Reach(people=1, sessions=1, clients=len(view.client_ids)),
            warning=gettext("It is yours: you will be signed out.") if view.sid == admin().sid else "",
            button=gettext("End it"),
            back=f"/admin/sessions/{view.sid}",
        )
    )


def _end(services: Services, view: SessionView) -> Response:
    try:
        ending = services.administration.endings.end_session(acting(), view.sid)
    except NotFound:
        flash(gettext("That session had ended already."), "good")
        return go(f"/admin/sessions/{view.sid}")
    return go(f"/admin/endings/{ending.number}")
