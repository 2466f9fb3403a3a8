"""/admin/sessions: the living sessions, the last used first, of a person, at a site, from an address."""

from flask import Blueprint, Response, request

from sso_center.base.errors import Invalid
from sso_center.base.urls import with_query
from sso_center.core.sessions import SessionPage
from sso_center.services import Services
from sso_center.ui.admin.lookup import sub_called
from sso_center.web.pages import render

PAGE = 25
NONE = SessionPage((), None, 0, 0)
FIELDS = ("user", "client", "address")


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the list of sessions."""

    @routes.get("/sessions")
    def sessions() -> Response:
        asked = {field: request.args.get(field, "").strip() for field in FIELDS}
        cursor = request.args.get("cursor", "")
        page = _find(services, asked, cursor)
        kept = {field: value or None for field, value in asked.items()}
        following = with_query("/admin/sessions", **kept, cursor=page.next) if page.next else None
        return render(
            "admin/sessions.html",
            asked=asked,
            page=page,
            clients=services.clients.list(),
            first=with_query("/admin/sessions", **kept) if cursor else None,
            following=following,
        )


def _find(services: Services, asked: dict[str, str], cursor: str) -> SessionPage:
    sub = sub_called(services, asked["user"])
    if asked["user"] and sub is None:
        return NONE
    found = {"user_sub": sub, "client_id": asked["client"] or None, "address": asked["address"] or None}
    try:
        return services.search.find(**found, cursor=cursor or None, limit=PAGE)
    except Invalid:
        # An address that was cut short on its way here: from the beginning, then.
        return services.search.find(**found, limit=PAGE)
