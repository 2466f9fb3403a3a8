"""The OpenAPI document and what is served are one: nothing in either that is not in the other."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator

from sso_center.protocols.admin import endpoints
from sso_center.protocols.admin.document import PATH
from tests.admin_api.robot import Robot
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site


def test_every_operation_answers_as_described(
    robot: Robot, admin_center: Center, site: Site, sign_in: Callable[..., SignedIn]
) -> None:
    shown, person, former = sign_in(), admin_center.add_person(), admin_center.add_site()
    ended = robot.ask("DELETE", f"/sessions/{sign_in().sid}").json()
    begun = robot.ask("POST", "/endings", {"scope": "user", "name": person.sub}).json()
    sub, site_id = person.sub, site.client_id
    tour: list[tuple[str, str, Any, int]] = [
        ("GET", "/presence", None, 200),
        ("GET", "/presence/history", None, 200),
        ("GET", "/sessions", None, 200),
        ("GET", f"/sessions/{shown.sid}", None, 200),
        ("GET", "/endings", None, 200),
        ("GET", f"/endings/{ended['number']}", None, 200),
        ("GET", f"/endings/{ended['number']}/receipts", None, 200),
        ("GET", f"/endings/{ended['number']}/sites", None, 200),
        ("POST", f"/endings/{ended['number']}/deliver", {}, 200),
        ("GET", "/walks", None, 200),
        ("GET", f"/walks/{begun['number']}", None, 200),
        ("GET", "/users", None, 200),
        ("POST", "/users", {"username": "toured"}, 201),
        ("GET", f"/users/{sub}", None, 200),
        ("PATCH", f"/users/{sub}", {"name": "Toured"}, 200),
        ("PUT", f"/users/{sub}/roles", {"roles": ["a"]}, 200),
        ("PUT", f"/users/{sub}/disabled", {"disabled": False}, 200),
        ("POST", f"/users/{sub}/password-reset", {"password": "a long password"}, 200),
        ("DELETE", f"/users/{sub}", None, 204),
        ("GET", "/clients", None, 200),
        ("POST", "/clients", {"client_id": "toured", "grant_types": ["client_credentials"]}, 201),
        ("GET", f"/clients/{site_id}", None, 200),
        ("PATCH", f"/clients/{site_id}", {"name": "Toured"}, 200),
        ("POST", f"/clients/{site_id}/secret", None, 200),
        ("POST", f"/clients/{site_id}/try-logout", None, 200),
        ("DELETE", f"/clients/{former.client_id}", None, 200),
        ("GET", "/audit", None, 200),
        ("GET", "/audit/export", None, 200),
        ("GET", "/keys", None, 200),
        ("POST", "/keys/rotate", {"purpose": "ES256"}, 200),
    ]
    for method, path, body, status in tour:
        robot.ask(method, path, body, status=status)
    assert robot.document.seen >= set(robot.document.operations)


def test_nothing_is_served_that_is_not_in_it(robot: Robot, admin_center: Center) -> None:
    served = {
        (method, endpoint.path)
        for endpoint in endpoints(admin_center.services)
        for method in endpoint.methods
    }
    assert served == set(robot.document.operations) | {("GET", PATH)}


def test_it_is_well_formed(robot: Robot) -> None:
    content = robot.document.content
    assert content["openapi"] == "3.1.0"
    for (_, path), operation in robot.document.operations.items():
        named = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", path)
        assert {"400", "401", "403", "503"} <= set(operation["responses"])
    names = [operation["operationId"] for operation in robot.document.operations.values()]
    assert len(names) == len(set(names))
    for schema in _schemas(content):
        Draft202012Validator.check_schema(schema)
        for reference in _references(schema):
            assert reference.removeprefix("#/components/schemas/") in content["components"]["schemas"]


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            yield value["schema"]
        if isinstance(value.get("schemas"), dict):
            yield from value["schemas"].values()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _schemas(child)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and "$ref" in value:
        yield value["$ref"]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _references(child)
