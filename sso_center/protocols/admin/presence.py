"""/presence: who is here, and was."""

from collections.abc import Sequence
from typing import Any

from sso_center.core.sessions.history import DAY, MAX_POINTS
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import number
from sso_center.protocols.admin.shapes import COUNT, COUNT_OR_NULL, MS, TEXT, whole
from sso_center.services import Services

MAX_AT = 10**14
POINTS = 96

_PRESENCE = whole(
    now=COUNT,
    last_5=COUNT,
    last_15=COUNT,
    last_60=COUNT,
    sessions=COUNT,
    clients={"type": "array", "items": whole(client_id=TEXT, grants=COUNT)},
)
_HISTORY = whole(
    moments={"type": "array", "items": whole(at=MS, people=COUNT_OR_NULL, sessions=COUNT_OR_NULL)}
)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""

    def now(_asked: AdminRequest) -> dict[str, Any]:
        found = services.sessions.presence()
        return {
            "now": found.now,
            "last_5": found.last_5,
            "last_15": found.last_15,
            "last_60": found.last_60,
            "sessions": services.sessions.count(),
            "clients": [{"client_id": client_id, "grants": grants} for client_id, grants in found.clients],
        }

    def history(asked: AdminRequest) -> dict[str, Any]:
        until = asked.query.get("until", services.clock())
        since = asked.query.get("since", until - DAY)
        moments = services.history.between(since, until, asked.query.get("points", POINTS))
        return {"moments": [vars(moment) for moment in moments]}

    return (
        Route(
            "GET",
            "/presence",
            "presence",
            "Count who is here, and name the clients used most.",
            now,
            _PRESENCE,
        ),
        Route(
            "GET",
            "/presence/history",
            "presenceHistory",
            "Tell how many were here over time; the last day when nothing else is asked for.",
            history,
            _HISTORY,
            query={
                "since": number(0, MAX_AT, description="Milliseconds since 1970; a day before `until`."),
                "until": number(0, MAX_AT, description="Milliseconds since 1970; now."),
                "points": number(1, MAX_POINTS, description=f"How many stretches; {POINTS}."),
            },
        ),
    )
