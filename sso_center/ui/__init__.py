"""Pages for people: signing in, the account, and the words and looks of every page.

Owns /login, /account, /admin and /assets, the templates that façades show through web.pages.render, and all
translations. Holds no rule of sessions: it asks core, and says in plain words what core answered.
"""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui import account, admin, assets, login
from sso_center.web.paths import joined

PATHS = joined((login.PATHS, account.PATHS, admin.PATHS))


def blueprints(services: Services) -> list[Blueprint]:
    """Return everything of this package that an app registers."""
    return [
        assets.blueprint(),
        login.blueprint(services),
        account.blueprint(services),
        admin.blueprint(services),
    ]
