"""Endings as sites with our SDK ask for them: whether sessions are alive.

Owns /endings/check.
"""

from flask import Blueprint

from sso_center.protocols import api
from sso_center.protocols.endings import check
from sso_center.services import Services


def blueprints(services: Services) -> list[Blueprint]:
    """Return everything of this package that an app registers."""
    endpoint = api.Endpoint(check.PATH, ("POST",), check.handler(services))
    return [api.blueprint("endings", __name__, [endpoint])]
