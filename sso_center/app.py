"""The Flask application: wiring only. Knows every façade and page, and holds no rule."""

from collections.abc import Iterable
from wsgiref.types import WSGIApplication

from flask import Flask

from sso_center import ui, web
from sso_center.protocols.api import Endpoint
from sso_center.protocols.api_dispatch import APIDispatch
from sso_center.protocols.table import FACADES, Facades
from sso_center.services import Services
from sso_center.web import browser, csrf, health, sign_in
from sso_center.web.paths import Paths, joined


def create_app(services: Services, facades: Facades = FACADES) -> Flask:
    """Return the WSGI application of one process."""
    programs = [endpoint for facade in facades for endpoint in facade.endpoints(services)]
    app = Flask(__name__, static_folder=None)
    app.secret_key = services.keys.cookie_secrets("form")[-1]
    app.config["MAX_CONTENT_LENGTH"] = services.settings.max_body
    web.install(app, services.settings, _program_paths(facades, programs))
    browser.install(app, services)
    sign_in.install(
        app, services, {path: name for facade in facades for path, name in facade.waiting_sites.items()}
    )
    _follow_keys(app, services)
    for blueprint in (
        *(one for facade in facades for one in facade.blueprints(services)),
        *ui.blueprints(services),
        health.blueprint(services),
    ):
        app.register_blueprint(blueprint)
    _put_in_front(app, APIDispatch(app.wsgi_app, programs, services.settings))
    for facade in facades:
        if facade.fast_path is not None:
            _put_in_front(app, facade.fast_path(app.wsgi_app, services))
    return app


def paths_of(facades: Facades = FACADES) -> Paths:
    """Return what façades and pages say of their paths, for the server's front."""
    return joined((*(facade.paths for facade in facades), ui.PATHS, health.PATHS))


def _program_paths(facades: Facades, programs: Iterable[Endpoint]) -> tuple[str, ...]:
    # Up to the first name in it: an address below one of ours that leads nowhere was a program's too.
    served = {endpoint.path.partition("{")[0] for endpoint in programs}
    return (*paths_of(facades).for_programs, *sorted(served))


def _put_in_front(app: Flask, application: WSGIApplication) -> None:
    app.wsgi_app = application  # type: ignore[assignment, method-assign]


def _follow_keys(app: Flask, services: Services) -> None:
    """Sign forms with the newest key, also when keys are rotated while the process runs."""
    in_use: list[str] | None = None

    def follow() -> None:
        nonlocal in_use
        secrets = services.keys.cookie_secrets("form")
        if secrets is not in_use:
            csrf.use_secrets(app, secrets)
            in_use = secrets

    follow()
    app.before_request(follow)
