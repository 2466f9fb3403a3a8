"""Endings as sites with our SDK ask for them: whether sessions are alive.

Owns /endings/check.
"""

from sso_center.protocols import api
from sso_center.protocols.endings import check
from sso_center.services import Services


def endpoints(services: Services) -> list[api.Endpoint]:
    """Return the endpoints for programs."""
    return [api.Endpoint(check.PATH, ("POST",), check.handler(services))]
