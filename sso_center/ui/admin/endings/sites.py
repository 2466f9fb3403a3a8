"""How far a site knows of an ending: of one session, or of all the sessions that an ending of many ended."""

from dataclasses import dataclass

from sso_center.base.urls import with_query
from sso_center.core.notices import SiteCounts, SiteReceipt
from sso_center.services import Services
from sso_center.ui.admin.endings.words import state_of
from sso_center.ui.admin.formatting import site_called


@dataclass(frozen=True)
class SiteRow:
    """What a site knows, with its name; `look` is the colour of it, and `text` says it.

    Of an ending of many these are of its oldest open notice, '' when none is. `again` leads to telling it
    once more, '' as long as nothing went wrong.
    """

    known: SiteCounts | SiteReceipt
    site: str
    look: str
    text: str
    again: str = ""


def receipt_row_of(services: Services, receipt: SiteReceipt) -> SiteRow:
    """Return what a site knows of the ending of one session, in words. Raises Unavailable."""
    return SiteRow(receipt, site_called(services, receipt.client_id), *state_of(receipt, services.clock()))


def site_row_of(services: Services, number: int, known: SiteCounts) -> SiteRow:
    """Return what a site knows of the ending of that number, in words. Raises Unavailable."""
    look, text = state_of(known.open, services.clock()) if known.open else ("good", "")
    again = with_query(f"/admin/endings/{number}/deliver", client=known.client_id)
    return SiteRow(
        known,
        site=site_called(services, known.client_id),
        look=look,
        text=text,
        again=again if known.open and known.open.last_error else "",
    )
