"""/healthz, /readyz and /metrics: for the machines that watch this one."""

from flask import Blueprint, Response

from sso_center.services import Services
from sso_center.web.metrics import exposition


def blueprint(services: Services) -> Blueprint:
    """Return the routes. None of them says anything of a person or a secret."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return Response("alive\n", mimetype="text/plain")

    @routes.get("/readyz")
    def readyz() -> Response:
        services.redis.check()
        services.database.check()
        return Response("ready\n", mimetype="text/plain")

    @routes.get("/metrics")
    def metrics() -> Response:
        return exposition(services)

    return routes
