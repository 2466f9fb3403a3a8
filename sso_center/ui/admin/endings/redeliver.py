"""/admin/endings/<number>/deliver: notify the unconfirmed sites again, all or one (`client`)."""

from flask import Blueprint, Response, flash, request

from sso_center.core.notices import Counts, EndingSummary
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.endings.words import whom
from sso_center.ui.admin.formatting import site_called
from sso_center.ui.admin.gate import acting
from sso_center.web.language import gettext, number
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/endings/<int(max=999999999999999):number>/deliver", methods=["GET", "POST"])
    def deliver_again(number: int) -> Response:
        ending = services.receipts.find(number)
        client_id = request.values.get("client") or None
        return _deliver(services, ending, client_id) if is_confirmed() else _ask(services, ending, client_id)


def _ask(services: Services, ending: EndingSummary, client_id: str | None) -> Response:
    counts = _open_at(services, ending, client_id)
    return ask(
        Question(
            title=gettext("Tell the sites again?")
            if client_id is None
            else gettext("Tell %(site)s again?", site=site_called(services, client_id)),
            text=gettext("Those that did not confirm are told anew, from now on for a day.")
            if client_id is None
            else gettext("It is told anew of what it did not confirm, from now on for a day."),
            facts=[
                (gettext("What ended"), whom(services, ending)),
                (gettext("Notices still waiting"), number(counts.pending)),
                (gettext("Notices given up"), number(counts.gave_up)),
            ],
            button=gettext("Tell them again"),
            back=f"/admin/endings/{ending.number}",
            is_grave=False,
        )
    )


def _open_at(services: Services, ending: EndingSummary, client_id: str | None) -> Counts:
    if client_id is None:
        return ending.counts
    sites = services.receipts.by_site(ending.number)
    return next((site.counts for site in sites if site.client_id == client_id), Counts())


def _deliver(services: Services, ending: EndingSummary, client_id: str | None) -> Response:
    count = services.administration.endings.deliver_again(acting(), ending.number, client_id=client_id)
    flash(gettext("Notices on their way again: %(count)s.", count=number(count)), "good")
    return go(f"/admin/endings/{ending.number}")
