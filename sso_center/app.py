"""The Flask application: wiring only. Knows every façade and page, and holds no rule."""

from flask import Flask

from sso_center import ui, web
from sso_center.protocols import endings, oidc
from sso_center.services import Services
from sso_center.web import browser, health


def create_app(services: Services) -> Flask:
    """Return the WSGI application of one process."""
    app = Flask("sso_center.ui", static_folder="static", template_folder="templates")
    secrets = services.keys.cookie_secrets("form")
    app.secret_key = secrets[-1]
    app.config["SECRET_KEY_FALLBACKS"] = secrets[:-1]
    app.config["MAX_CONTENT_LENGTH"] = services.settings.max_body
    web.install(app, services.settings)
    browser.install(app, services)
    for blueprint in (
        *oidc.blueprints(services),
        *endings.blueprints(services),
        *ui.blueprints(services),
        health.blueprint(services),
    ):
        app.register_blueprint(blueprint)
    return app
