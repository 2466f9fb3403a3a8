"""The JSON API for admins' programs: all that the console can do, under /api/admin.

Owns the table of its routes, which serves them and from which its OpenAPI document is written, and how a call
is read. Knows nothing of pages, and holds no rule: what is done is done by core, and the audit log says which
client did it.
"""

from sso_center.protocols.admin import audit, clients, endings, keys, presence, sessions, users
from sso_center.protocols.admin.dispatch import handler
from sso_center.protocols.admin.document import PATH, document_of
from sso_center.protocols.admin.route import BASE, Route
from sso_center.protocols.api import JSON, Answer, Call, Endpoint, json_answer
from sso_center.protocols.facade import Facade
from sso_center.services import Services
from sso_center.web.paths import Paths


def routes(services: Services) -> tuple[Route, ...]:
    """Return the whole table."""
    nouns = (presence, sessions, endings, users, clients, audit, keys)
    return tuple(route for noun in nouns for route in noun.routes(services))


def endpoints(services: Services) -> list[Endpoint]:
    """Return the endpoints for programs."""
    table = routes(services)
    by_path: dict[str, dict[str, Route]] = {}
    for route in table:
        by_path.setdefault(route.path, {})[route.method] = route
    served = [
        Endpoint(path, tuple(by_method), handler(services, by_method)) for path, by_method in by_path.items()
    ]
    # For everybody: it tells nothing that these pages do not.
    document = json_answer(document_of(table, services.settings), headers=JSON)

    def openapi(_call: Call) -> Answer:
        return document

    return [*served, Endpoint(PATH, ("GET",), openapi)]


FACADE = Facade(endpoints=endpoints, paths=Paths(slow=(f"{BASE}/",), for_programs=("/api/",)))
