"""How far each site knows of an ending of many: a row a site, over all the sessions that were ended."""

from dataclasses import dataclass

from sso_center.base.urls import with_query
from sso_center.core.notices import SiteCounts
from sso_center.services import Services
from sso_center.ui.admin.endings.words import state_of
from sso_center.ui.admin.formatting import site_called


@dataclass(frozen=True)
class SiteRow:
    """A site as the table shows it; `look` and `text` are of its oldest open notice, '' when none is.

    `again` leads to telling it once more, '' as long as nothing went wrong.
    """

    client_id: str
    site: str
    confirmed: int
    total: int
    look: str
    text: str
    again: str


def site_row_of(services: Services, number: int, known: SiteCounts) -> SiteRow:
    """Return what a site knows of the ending of that number, in words. Raises Unavailable."""
    look, text = state_of(known.open, services.clock()) if known.open else ("good", "")
    again = with_query(f"/admin/endings/{number}/deliver", client=known.client_id)
    return SiteRow(
        client_id=known.client_id,
        site=site_called(services, known.client_id),
        confirmed=known.counts.confirmed,
        total=known.counts.total,
        look=look,
        text=text,
        again=again if known.open and known.open.last_error else "",
    )
