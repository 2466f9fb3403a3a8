"""The Flask application: wiring only. Knows every façade and page, and holds no rule."""

from flask import Flask

from sso_center import ui, web
from sso_center.protocols import admin, endings, oidc
from sso_center.protocols.api_dispatch import APIDispatch
from sso_center.protocols.oidc.authorize_fast_path import AuthorizeFastPath
from sso_center.services import Services
from sso_center.web import browser, csrf, health


def create_app(services: Services) -> Flask:
    """Return the WSGI application of one process."""
    app = Flask(__name__, static_folder=None)
    app.secret_key = services.keys.cookie_secrets("form")[-1]
    app.config["MAX_CONTENT_LENGTH"] = services.settings.max_body
    web.install(app, services.settings)
    browser.install(app, services)
    _follow_keys(app, services)
    for blueprint in (
        *oidc.blueprints(services),
        *ui.blueprints(services),
        health.blueprint(services),
    ):
        app.register_blueprint(blueprint)
    programs = (*oidc.endpoints(services), *endings.endpoints(services), *admin.endpoints(services))
    in_front = AuthorizeFastPath(APIDispatch(app.wsgi_app, programs, services.settings), services)
    app.wsgi_app = in_front  # type: ignore[method-assign]
    return app


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
