"""/admin/clients/<client_id>/try: probe a site's logout address with a logout token that ends nothing."""

from flask import Blueprint, Response

from sso_center.core.clients import Client
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.web.language import gettext
from sso_center.web.pages import render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/clients/<client_id>/try", methods=["GET", "POST"])
    def try_client(client_id: str) -> Response:
        client = services.clients.get(client_id)
        return _try(services, client) if is_confirmed() else _ask(client)


def _ask(client: Client) -> Response:
    return ask(
        Question(
            title=gettext("Try the logout address of %(site)s?", site=client.name),
            text=gettext("It gets a real logout token of somebody who never existed. Nobody is signed out."),
            facts=[(gettext("Logout address"), client.backchannel_logout_uri or gettext("none"))],
            button=gettext("Try it"),
            back=f"/admin/clients/{client.client_id}",
            is_grave=False,
        )
    )


def _try(services: Services, client: Client) -> Response:
    receipt = services.administration.clients.try_logout(acting(), client.client_id)
    return render("admin/tried.html", client=client, receipt=receipt)
