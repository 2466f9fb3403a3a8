"""/admin/clients/<client_id>/remove: taking a site away, and all that it was given."""

from flask import Blueprint, Response

from sso_center.core.clients import Client
from sso_center.core.cutoffs.mass_endings import LOOKED_AT
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.web.language import gettext
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/clients/<client_id>/remove", methods=["GET", "POST"])
    def remove_client(client_id: str) -> Response:
        client = services.clients.get(client_id)
        return _remove(services, client) if is_confirmed() else _ask(services, client)


def _ask(services: Services, client: Client) -> Response:
    return ask(
        Question(
            title=gettext("Remove %(site)s?", site=client.name),
            text=gettext("Nobody can sign in there any more, and nothing that it was given counts."),
            facts=[(gettext("Client id"), client.client_id)],
            reach=services.mass_endings.reach("client", client.client_id, most=LOOKED_AT),
            warning=gettext("It can't be taken back: registering it anew gives it another secret."),
            button=gettext("Remove"),
            back=f"/admin/clients/{client.client_id}",
        )
    )


def _remove(services: Services, client: Client) -> Response:
    entry = services.administration.clients.remove(acting(), client.client_id)
    return go(f"/admin/endings/{entry.number}")
