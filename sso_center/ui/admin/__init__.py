"""The console for admins, /admin: who is here, sessions and receipts, people, sites, the audit log, keys.

One file a page or an action; each adds its own routes. `gate.py` stands before all of them, `confirmation.py`
between an action and its deed. Holds no rule and no query: it asks core, and says in plain words what it
answered. Every action is one of core's administration, with the admin as the actor.
"""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui.admin import audit, clients, endings, gate, keys, overview, sessions, users
from sso_center.ui.admin.formatting import for_templates
from sso_center.web import headers
from sso_center.web.paths import Paths

PAGES = (overview, *sessions.PARTS, *endings.PARTS, *users.PARTS, *clients.PARTS, audit, keys)

BASE = "/admin"

PATHS = Paths(slow=(BASE,))
"""Sessions are counted here, passwords hashed, and a site is waited for."""


def blueprint(services: Services) -> Blueprint:
    """Return the routes of the console, all of them behind the gate."""
    routes = Blueprint("admin", __name__, url_prefix=BASE)
    gate.guard(routes, services)
    routes.before_request(headers.let_own_script_run)
    routes.context_processor(lambda: for_templates(services))
    for page in PAGES:
        page.add_routes(routes, services)
    return routes
