"""/healthz, /readyz and /metrics: for the machines that watch this one."""

import os

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import text

from sso_center.base.errors import Unavailable
from sso_center.services import Services


def blueprint(services: Services) -> Blueprint:
    """Return the routes. None of them says anything of a person or a secret."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", mimetype="text/plain")

    @routes.get("/readyz")
    def readyz() -> Response:
        services.redis.check()
        with services.database.read() as connection:
            connection.execute(text("SELECT 1"))
        return Response("ready\n", mimetype="text/plain")

    return routes
