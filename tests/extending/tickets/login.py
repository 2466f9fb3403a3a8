"""/tickets/login: a site sends the browser here and gets it back with a ticket."""

from flask import Blueprint, Response, request

from sso_center.base.urls import with_query
from sso_center.core.grants import GrantRequest
from sso_center.protocols.parameters import parse
from sso_center.protocols.redirects import found
from sso_center.services import Services
from sso_center.web import browser
from sso_center.web.errors import ShownError
from sso_center.web.sign_in import sign_in_address

PROTOCOL = "tickets"
LOGIN = "/tickets/login"


def blueprint(services: Services) -> Blueprint:
    """Return the page, which is a redirect: to the sign-in page, or back to the site."""
    routes = Blueprint(PROTOCOL, __name__)

    @routes.get(LOGIN)
    def login() -> Response:
        service = request.args.get("service", "")
        client = services.clients.find_by_address(PROTOCOL, service)
        if client is None:
            raise ShownError("No site is registered with this service.", detail=service[:200])
        issued = services.grants.issue(browser.cookie(), GrantRequest(client.client_id, service, scope=()))
        browser.note(issued.visit)
        if issued.code is None:
            return found(sign_in_address(with_query(LOGIN, service=service)))
        return found(with_query(service, ticket=issued.code))

    return routes


def site_name(services: Services, query: str) -> str | None:
    """Return the name of the site that waits behind the sign-in page."""
    client = services.clients.find_by_address(PROTOCOL, parse(query).get("service") or "")
    return client.name if client else None
