"""/admin/endings/<number>/deliver: telling the sites again that did not confirm."""

from flask import Blueprint, Response, flash

from sso_center.core.audit import Tag
from sso_center.core.endings import ToldEnding
from sso_center.services import Services
from sso_center.ui import trail
from sso_center.ui.admin.asking import Question, ask, is_confirmed
from sso_center.ui.admin.endings.words import whom
from sso_center.ui.admin.gate import admin
from sso_center.web.language import gettext, number
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/endings/<int:number>/deliver", methods=["GET", "POST"])
    def deliver_again(number: int) -> Response:
        ending = services.receipts.find(number)
        return _deliver(services, ending) if is_confirmed() else _ask(services, ending)


def _ask(services: Services, ending: ToldEnding) -> Response:
    counts = ending.counts
    return ask(
        Question(
            title=gettext("Tell the sites again?"),
            text=gettext("Those that did not confirm are told anew, from now on for a day."),
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


def _deliver(services: Services, ending: ToldEnding) -> Response:
    count = services.receipts.deliver_again(ending.number, actor=admin().sub)
    trail.record(
        services, Tag.CONSOLE_USED, actor=admin().sub, detail={"did": "deliver", "entry": ending.number}
    )
    flash(gettext("Notices on their way again: %(count)s.", count=number(count)), "good")
    return go(f"/admin/endings/{ending.number}")
