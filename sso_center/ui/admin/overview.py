"""/admin: who is here, and whether all is well."""

from flask import Blueprint, Response

from sso_center.services import Services
from sso_center.web.pages import render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page that admins see first."""

    @routes.get("")
    def overview() -> Response:
        return render("admin/overview.html", presence=services.sessions.presence())
