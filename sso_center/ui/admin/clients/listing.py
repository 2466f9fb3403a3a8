"""/admin/clients: every registered site."""

from flask import Blueprint, Response

from sso_center.services import Services
from sso_center.web.pages import render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the list of sites."""

    @routes.get("/clients")
    def clients() -> Response:
        used = dict(services.sessions.presence(most=1000).clients)
        return render("admin/clients.html", clients=services.clients.list(), used=used)
