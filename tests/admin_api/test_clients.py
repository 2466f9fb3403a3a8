"""Clients by the API."""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from sso_center.core.clients.rules import Registration
from tests.admin_api.robot import Robot, token_of
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.site import SignedIn, Site


def register(robot: Robot, **settings: Any) -> Any:
    settings = {"client_id": f"c{secrets.token_hex(5)}", **settings}
    said = robot.ask("POST", "/clients", settings, status=201).json()
    robot.center.secrets.add(said["client_secret"] or "none")
    return said


def actors(robot: Robot, client_id: str, tag: str) -> list[str]:
    return [event["actor"] for event in robot.get("/audit", client=client_id, tag=tag)["events"]]


def test_a_client_is_registered_and_its_secret_told_once(robot: Robot, admin_center: Center) -> None:
    said = register(robot, grant_types=["client_credentials"], scopes=["read"], name="Nightly")
    client_id = said["client"]["client_id"]
    assert (said["client"]["name"], said["client"]["id_token_alg"]) == ("Nightly", "ES256")
    assert token_of(admin_center, client_id, said["client_secret"]).status_code == 200
    shown = robot.ask("GET", f"/clients/{client_id}")
    assert shown.json() == said["client"]
    assert said["client_secret"] not in shown.text
    assert actors(robot, client_id, "admin:client:add") == ["client:robot"]


def test_a_public_client_gets_no_secret(robot: Robot) -> None:
    said = register(robot, is_public=True, redirect_uris=["http://127.0.0.1/cb"])
    assert said["client_secret"] is None
    said = robot.refused("POST", f"/clients/{said['client']['client_id']}/secret")
    assert said["field"] == "client_id"


def test_every_setting_can_be_given_and_is_told(robot: Robot) -> None:
    document = robot.document.operations
    body = document["POST", "/api/admin/clients"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {field.name for field in dataclasses.fields(Registration)}
    change = document["PATCH", "/api/admin/clients/{client_id}"]["requestBody"]["content"]["application/json"]
    assert set(body["properties"]) - set(change["schema"]["properties"]) == {
        "client_id",
        "is_public",
        "protocol",
    }


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"client_id": "no good"}, "client_id"),
        ({"client_id": "x"}, "redirect_uris"),
        ({"client_id": "x", "redirect_uris": ["/here"]}, "redirect_uris"),
        ({"client_id": "x", "grant_types": ["magic"]}, "grant_types"),
        ({"client_id": "x", "id_token_alg": "HS256"}, "id_token_alg"),
        ({"client_id": "x", "max_sessions": -1}, "max_sessions"),
        ({"client_id": "x", "max_sessions": True}, "max_sessions"),
        ({"client_id": "x", "client_secret": "mine"}, "client_secret"),
        ({"client_id": "x", "redirect_uris": ["https://x.example/cb"], "scopes": ["sso:admin"]}, "scopes"),
        ({"redirect_uris": ["https://x.example/cb"]}, "client_id"),
    ],
)
def test_a_setting_that_can_t_be_accepted_is_named(
    robot: Robot, settings: dict[str, Any], field: str
) -> None:
    assert robot.refused("POST", "/clients", settings)["field"] == field


def test_an_id_that_is_taken_is_refused(robot: Robot) -> None:
    body = {"client_id": "robot", "grant_types": ["client_credentials"]}
    assert robot.refused("POST", "/clients", body, status=409)["error"] == "conflict"


def test_clients_are_listed_a_page_at_a_time(robot: Robot) -> None:
    ids = {register(robot, grant_types=["client_credentials"])["client"]["client_id"] for _ in range(2)}
    listed = [client["client_id"] for client in robot.pages("/clients", "clients", limit=1)]
    assert listed == sorted(set(listed))
    assert ids <= set(listed)


def test_what_is_given_of_a_client_is_changed(robot: Robot, site: Site) -> None:
    body = {"name": "Shop", "backchannel_logout_uri": "https://shop.example/out"}
    changed = robot.ask("PATCH", f"/clients/{site.client_id}", body).json()
    assert (changed["name"], changed["backchannel_logout_uri"]) == ("Shop", "https://shop.example/out")
    assert changed["redirect_uris"] == [site.redirect_uri]
    cleared = robot.ask("PATCH", f"/clients/{site.client_id}", {"backchannel_logout_uri": None}).json()
    assert cleared["backchannel_logout_uri"] is None
    assert actors(robot, site.client_id, "admin:client:change") == ["client:robot"] * 2
    assert robot.refused("PATCH", f"/clients/{site.client_id}", {"is_public": True})["field"] == "is_public"
    assert robot.refused("PATCH", f"/clients/{site.client_id}", {"scopes": ["a b"]})["field"] == "scopes"
    assert robot.refused("PATCH", f"/clients/{site.client_id}", {})["error"] == "invalid_request"


def test_another_secret_takes_the_place_of_the_old_one_at_once(robot: Robot, admin_center: Center) -> None:
    said = register(robot, grant_types=["client_credentials"])
    client_id = said["client"]["client_id"]
    fresh = robot.ask("POST", f"/clients/{client_id}/secret").json()["client_secret"]
    admin_center.secrets.add(fresh)
    assert token_of(admin_center, client_id, said["client_secret"]).status_code == 401
    assert token_of(admin_center, client_id, fresh).status_code == 200
    assert actors(robot, client_id, "admin:client-secret:rotate") == ["client:robot"]


def test_a_logout_address_is_tried(robot: Robot, admin_center: Center, receiver: Receiver) -> None:
    site = admin_center.add_site(backchannel_logout_uri=receiver.uri)
    tried = robot.ask("POST", f"/clients/{site.client_id}/try-logout").json()
    assert (tried["is_confirmed"], tried["status"], tried["error"]) == (True, 200, None)
    deaf = admin_center.add_site()
    tried = robot.ask("POST", f"/clients/{deaf.client_id}/try-logout").json()
    assert (tried["is_confirmed"], tried["status"]) == (False, None)
    assert tried["error"]


def test_a_client_is_removed_with_all_it_was_given(
    robot: Robot, admin_center: Center, site: Site, sign_in: Callable[..., SignedIn]
) -> None:
    signed_in = sign_in()
    number = robot.ask("DELETE", f"/clients/{site.client_id}").json()["number"]
    assert robot.get(f"/endings/{number}")["reason"] == "removed"
    assert robot.refused("GET", f"/clients/{site.client_id}", status=404)["error"] == "not_found"
    assert admin_center.services.tokens.find_active(signed_in.access_token) is None
    assert actors(robot, site.client_id, "admin:client:remove") == ["client:robot"]


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/secret", None),
        ("POST", "/try-logout", None),
    ],
)
def test_what_nobody_registered_is_not_found(robot: Robot, method: str, below: str, body: Any) -> None:
    assert robot.refused(method, f"/clients/nothing{below}", body, status=404)["error"] == "not_found"
