"""/admin/endings/<number>: one ending, a row for each site with its receipts, and the progress of a job."""

from flask import Blueprint, Response, request

from sso_center.base.urls import with_query
from sso_center.core.journal import CutoffJob
from sso_center.core.notices import EndingFilter, EndingSummary, SiteCounts, SiteReceipt
from sso_center.services import Services
from sso_center.ui.admin.endings.listing import row_of
from sso_center.ui.admin.endings.sites import receipt_row_of, site_row_of
from sso_center.ui.admin.endings.words import reason_in_words, whom
from sso_center.ui.admin.lookup import a_number
from sso_center.web.language import gettext, number
from sso_center.web.pages import render

PAGE = 50


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page of one ending."""

    @routes.get("/endings/<int(max=999999999999999):number>")
    def ending(number: int) -> Response:
        found = services.receipts.find(number)
        walk = services.cutoff_jobs.find(number)
        sessions = _ended_by(services, number)
        place = (request.args.get("client", ""), request.args.get("sid", ""))
        receipts = services.receipts.of(number, after=place if any(place) else None, limit=PAGE + 1)
        return render(
            "admin/ending.html",
            ending=found,
            title=whom(services, found),
            reason=reason_in_words(found.reason),
            walk=walk,
            sites=[site_row_of(services, number, one) for one in _known_by(services, found)],
            rows=[receipt_row_of(services, one) for one in receipts[:PAGE]],
            following=_following(number, receipts),
            sessions=[row_of(services, one) for one in sessions[:PAGE]],
            more_sessions=_more_sessions(number, sessions),
            may_repeat=found.counts.pending + found.counts.gave_up > 0,
            summary=_summary(found, walk),
        )


def _known_by(services: Services, ending: EndingSummary) -> list[SiteCounts]:
    return services.receipts.by_site(ending.number) if ending.is_of_many else []


def _following(number: int, receipts: list[SiteReceipt]) -> str | None:
    if len(receipts) <= PAGE:
        return None
    client_id, sid = receipts[PAGE - 1].place
    return with_query(f"/admin/endings/{number}", client=client_id, sid=sid)


def _ended_by(services: Services, number: int) -> list[EndingSummary]:
    """Return the sessions that the job of a cut-off ended: a page of them, and one more if there is."""
    before = a_number(request.args.get("before", ""))
    return services.receipts.endings(EndingFilter(cause=number), before=before, limit=PAGE + 1)


def _more_sessions(number: int, sessions: list[EndingSummary]) -> str | None:
    if len(sessions) <= PAGE:
        return None
    return with_query(f"/admin/endings/{number}", before=str(sessions[PAGE - 1].number))


def _summary(ending: EndingSummary, walk: CutoffJob | None) -> str:
    counts = ending.counts
    if counts.total:
        return gettext(
            "%(confirmed)s of %(total)s confirmed",
            confirmed=number(counts.confirmed),
            total=number(counts.total),
        )
    if walk and not walk.is_finished:
        return gettext("No site was told yet.")
    return gettext("No site had to be told.")
