"""/admin/sessions/<sid>: whose session it is, its sites, and the steps it was used for."""

from flask import Blueprint, Response

from sso_center.base.errors import NotFound
from sso_center.core.notices import EndingFilter
from sso_center.core.sessions import SessionView
from sso_center.services import Services
from sso_center.ui.admin.gate import admin
from sso_center.web.language import gettext
from sso_center.web.pages import go, render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page of one session."""

    @routes.get("/sessions/<sid>")
    def session(sid: str) -> Response:
        view = services.sessions.view(sid)
        if view is None:
            return _to_its_ending(services, sid)
        return render(
            "admin/session.html",
            session=view,
            kind=kind_in_words(view),
            steps=services.sessions.steps(sid),
            is_mine=admin().sid == sid,
        )


def kind_in_words(view: SessionView) -> str:
    """Return what kind of session it is."""
    if view.kind == "app":
        return gettext("App")
    return gettext("Browser, remembered") if view.is_remembered else gettext("Browser")


def _to_its_ending(services: Services, sid: str) -> Response:
    # Somebody who looks at a session while it ends wants to know how.
    ended = services.receipts.endings(EndingFilter(sid=sid, kinds=("ending",)), limit=1)
    if not ended:
        raise NotFound("There is no such session.")
    return go(f"/admin/endings/{ended[0].number}")
