"""/admin/clients/<client_id>/secret: another secret, shown once; the old one is refused from then on."""

from flask import Blueprint, Response

from sso_center.core.clients import Client
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.web.language import gettext
from sso_center.web.pages import render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/clients/<client_id>/secret", methods=["GET", "POST"])
    def rotate_secret(client_id: str) -> Response:
        client = services.clients.get(client_id)
        return _rotate(services, client) if is_confirmed() else _ask(client)


def show_secret(client: Client, secret: str, title: str) -> Response:
    """Return the only page that ever shows a client's secret."""
    return render(
        "admin/secret.html",
        title=title,
        text=gettext("Give these to the site. Whoever has both can sign people in as this site."),
        rows=[(gettext("Client id"), client.client_id)],
        label=gettext("Secret"),
        secret=secret,
        back=f"/admin/clients/{client.client_id}",
    )


def _ask(client: Client) -> Response:
    return ask(
        Question(
            title=gettext("Give %(site)s another secret?", site=client.name),
            text=gettext(
                "The old one is refused at once: until the site has the new one nobody can sign in there. "
                "Who is signed in stays so."
            ),
            button=gettext("Give another secret"),
            back=f"/admin/clients/{client.client_id}",
        )
    )


def _rotate(services: Services, client: Client) -> Response:
    secret = services.administration.clients.rotate_secret(acting(), client.client_id)
    return show_secret(client, secret, gettext("%(site)s has another secret", site=client.name))
