"""/admin: who is here, how it was lately, what is used, whether all is well, and what ended last."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from sso_center.base.errors import Unavailable
from sso_center.core.notices import EndingFilter
from sso_center.services import Services
from sso_center.ui.admin.endings.listing import Row, row_of
from sso_center.ui.admin.health import signs_of
from sso_center.ui.admin.presence_chart import SPANS, PresenceChart, presence_chart
from sso_center.web.pages import render

LATEST = 8
SUMMED_UP = EndingFilter(is_summed_up=True)


@dataclass(frozen=True)
class SQLOverview:
    """What SQL knows: a picture of lately, and the latest endings."""

    picture: PresenceChart
    endings: list[Row]


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page that admins see first."""

    @routes.get("")
    def overview() -> Response:
        asked = request.args.get("span", "")
        span = asked if asked in SPANS else "day"
        kept = _kept(services, span)
        return render(
            "admin/overview.html",
            presence=services.sessions.presence(),
            kept=kept,
            span=span,
            signs=signs_of(services),
        )


def _kept(services: Services, span: str) -> SQLOverview | None:
    """Return what SQL knows, None while it is away: the rest of the page is most wanted just then."""
    try:
        endings = [row_of(services, one) for one in services.receipts.endings(SUMMED_UP, limit=LATEST)]
        return SQLOverview(presence_chart(services, span), endings)
    except Unavailable:
        return None
