"""/admin/endings: the endings, the latest first, with their receipts."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from sso_center.base.urls import with_query
from sso_center.core.notices import EndingFilter, EndingSummary
from sso_center.services import Services
from sso_center.ui.admin.endings.words import reason_in_words, whom
from sso_center.ui.admin.lookup import a_number, sub_called
from sso_center.web.pages import render

PAGE = 25


@dataclass(frozen=True)
class Row:
    """One ending as the table shows it: what it is, and in words what ended and why."""

    ending: EndingSummary
    whom: str
    reason: str


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the list of endings."""

    @routes.get("/endings")
    def endings() -> Response:
        asked = {name: request.args.get(name, "").strip() for name in ("user", "client", "open")}
        before = a_number(request.args.get("before", ""))
        found = _find(services, asked, before)
        shown = found[:PAGE]
        more = str(shown[-1].number) if len(found) > PAGE else None
        kept = {name: value or None for name, value in asked.items()}
        return render(
            "admin/endings.html",
            asked=asked,
            rows=[row_of(services, one) for one in shown],
            first=with_query("/admin/endings", **kept) if before else None,
            following=with_query("/admin/endings", **kept, before=more) if more else None,
        )


def row_of(services: Services, ending: EndingSummary) -> Row:
    """Return an ending in words. Raises Unavailable."""
    return Row(ending, whom(services, ending), reason_in_words(ending.reason))


def _find(services: Services, asked: dict[str, str], before: int | None) -> list[EndingSummary]:
    sub = sub_called(services, asked["user"])
    if asked["user"] and sub is None:
        return []
    wanted = EndingFilter(
        sub=sub,
        client_id=asked["client"] or None,
        is_unconfirmed=bool(asked["open"]),
        # Of one person or site each session is of interest, of everybody they would hide all the rest.
        is_summed_up=not any(asked.values()),
    )
    return services.receipts.endings(wanted, before=before, limit=PAGE + 1)
