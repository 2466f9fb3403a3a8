"""/healthz, /readyz and /metrics: for the machines that watch this one."""

from flask import Blueprint, Response

from sso_center.services import Services
from sso_center.web.metrics import exposition
from sso_center.web.paths import Paths

HEALTHZ, READYZ, METRICS = "/healthz", "/readyz", "/metrics"

PATHS = Paths(for_programs=(HEALTHZ, READYZ, METRICS))


def blueprint(services: Services) -> Blueprint:
    """Return the routes. None of them says anything of a person or a secret."""
    routes = Blueprint("health", __name__)

    @routes.get(HEALTHZ)
    def healthz() -> Response:
        return Response("alive\n", mimetype="text/plain")

    @routes.get(READYZ)
    def readyz() -> Response:
        services.redis.check()
        services.database.check()
        return Response("ready\n", mimetype="text/plain")

    @routes.get(METRICS)
    def metrics() -> Response:
        return exposition(services)

    return routes
