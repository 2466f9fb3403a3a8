"""/sessions: finding, showing and ending them."""

from collections.abc import Sequence
from typing import Any

from sso_center.base.errors import NotFound
from sso_center.core.sessions import SessionView
from sso_center.core.sessions.search import MAX_PAGE
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import number, text
from sso_center.protocols.admin.shapes import (
    COUNT,
    SESSION,
    TEXT,
    TEXTS,
    page,
    ref,
    session_json,
    step_json,
    whole,
)
from sso_center.services import Services

_SHOWN = whole(**SESSION["properties"], steps={"type": "array", "items": ref("Step")})
_FOUND = page("sessions", ref("Session"), looked_at=COUNT, total=COUNT)
_ENDED = whole(number=COUNT, sid=TEXT, sub=TEXT, clients=TEXTS)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""

    def described(views: Sequence[SessionView]) -> list[dict[str, Any]]:
        names = services.users.names({view.sub for view in views})
        return [session_json(view, names.get(view.sub, view.sub)) for view in views]

    def find(asked: AdminRequest) -> dict[str, Any]:
        query = asked.query
        found = services.search.find(
            user_sub=query.get("user"),
            client_id=query.get("client"),
            address=query.get("address"),
            cursor=query.get("cursor"),
            limit=query.get("limit", 50),
        )
        return {
            "sessions": described(found.sessions),
            "next": found.next,
            "looked_at": found.looked_at,
            "total": found.total,
        }

    def show(asked: AdminRequest) -> dict[str, Any]:
        view = services.sessions.view(asked.id)
        if view is None:
            raise NotFound("There is no such session (any more).")
        return {
            **described([view])[0],
            "steps": [step_json(step) for step in services.sessions.steps(view.sid)],
        }

    def end(asked: AdminRequest) -> dict[str, Any]:
        ending = services.administration.endings.end_session(asked.actor, asked.id)
        clients = sorted(ending.participants)
        return {"number": ending.number, "sid": ending.sid, "sub": ending.sub, "clients": clients}

    return (
        Route(
            "GET",
            "/sessions",
            "findSessions",
            "Find living sessions, the last seen first; of a user, of a client, from an address, or all.",
            find,
            _FOUND,
            query={
                "user": text(description="The `sub` of a user."),
                "client": text(description="A client that joined them."),
                "address": text(
                    description="Where they were opened from; a page may be empty and have a next."
                ),
                "cursor": text(),
                "limit": number(1, MAX_PAGE, description="50."),
            },
        ),
        Route(
            "GET",
            "/sessions/{sid}",
            "showSession",
            "Show a living session, and where it was used lately.",
            show,
            _SHOWN,
            refusals=(404,),
        ),
        Route(
            "DELETE",
            "/sessions/{sid}",
            "endSession",
            "End a session, at the center and at every site that joined it.",
            end,
            _ENDED,
            refusals=(404,),
        ),
    )
