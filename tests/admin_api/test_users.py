"""People by the API."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.admin_api.robot import Robot
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site

SignIn = Callable[..., SignedIn]


def add(robot: Robot, **fields: Any) -> Any:
    fields = {"username": f"u{secrets.token_hex(5)}", **fields}
    return robot.ask("POST", "/users", fields, status=201).json()


def actors(robot: Robot, sub: str, tag: str) -> list[str]:
    return [event["actor"] for event in robot.get("/audit", user=sub, tag=tag)["events"]]


def test_a_person_is_added_and_can_sign_in(
    robot: Robot, admin_center: Center, site: Site, new_browser: Callable[..., Browser]
) -> None:
    password = secrets.token_urlsafe(12)
    admin_center.secrets.add(password)
    user = add(robot, name="Ann", email="ann@example.org", roles=["staff", "a"], password=password)
    assert (user["name"], user["roles"], user["disabled"]) == ("Ann", ["a", "staff"], False)
    assert robot.get(f"/users/{user['sub']}") == user
    browser = new_browser()
    login = browser.get(admin_center.url("/login"))
    assert browser.log_in(login, user["username"], password).status == 303
    assert actors(robot, user["sub"], "admin:user:add") == ["client:robot"]


def test_a_name_that_is_taken_is_refused(robot: Robot) -> None:
    one, other = add(robot), add(robot)
    said = robot.refused("POST", "/users", {"username": one["username"].upper()}, status=409)
    assert said["error"] == "conflict"
    robot.refused("PATCH", f"/users/{other['sub']}", {"username": one["username"]}, status=409)


def test_people_are_listed_and_found_a_page_at_a_time(robot: Robot) -> None:
    mark = f"z{secrets.token_hex(4)}"
    added = [add(robot, username=f"{mark}{n}")["sub"] for n in range(3)]
    named = add(robot, name=f"{mark.upper()} Zoe")["sub"]
    found = [user["sub"] for user in robot.pages("/users", "users", search=mark, limit=2)]
    assert sorted(found) == sorted([*added, named])
    everyone = [user["sub"] for user in robot.pages("/users", "users", limit=3)]
    assert set(found) <= set(everyone)
    assert len(everyone) == len(set(everyone))


def test_what_is_given_of_a_person_is_changed(robot: Robot) -> None:
    user = add(robot)
    changed = robot.ask("PATCH", f"/users/{user['sub']}", {"name": "Bea", "email": "b@example.org"}).json()
    assert (changed["name"], changed["email"], changed["username"]) == (
        "Bea",
        "b@example.org",
        user["username"],
    )
    assert actors(robot, user["sub"], "admin:user:change") == ["client:robot"]
    assert robot.refused("PATCH", f"/users/{user['sub']}", {})["error"] == "invalid_request"
    assert robot.refused("PATCH", f"/users/{user['sub']}", {"disabled": True})["field"] == "disabled"


def test_names_and_roles_are_changed_in_one_call(robot: Robot) -> None:
    user = add(robot, roles=["a", "b"])
    changed = robot.ask("PATCH", f"/users/{user['sub']}", {"name": "Bea", "roles": ["b"]}).json()
    assert (changed["name"], changed["roles"]) == ("Bea", ["b"])
    assert actors(robot, user["sub"], "admin:user:change") == ["client:robot"]


def test_the_log_says_in_which_request_from_where_and_by_what_it_was(robot: Robot) -> None:
    answer = robot.ask("POST", "/users", {"username": f"u{secrets.token_hex(5)}"}, status=201)
    (event,) = robot.get("/audit", user=answer.json()["sub"])["events"]
    assert event["request_id"] == answer.headers["X-Request-Id"]
    assert (event["address"], event["user_agent"][:15]) == ("127.0.0.1", "python-requests")


def test_roles_are_replaced_and_the_same_again_changes_nothing(robot: Robot) -> None:
    user = add(robot, roles=["a", "b"])
    for _ in range(2):
        changed = robot.ask("PUT", f"/users/{user['sub']}/roles", {"roles": ["b", "c"]}).json()
        assert changed["roles"] == ["b", "c"]
    assert actors(robot, user["sub"], "admin:user:change") == ["client:robot"]


def test_a_person_is_locked_out_at_once_and_let_in_again(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn
) -> None:
    signed_in = sign_in()
    for _ in range(2):
        assert robot.ask("PUT", f"/users/{signed_in.sub}/disabled", {"disabled": True}).json()["disabled"]
    assert not site.is_alive(signed_in.sid)
    for _ in range(2):
        user = robot.ask("PUT", f"/users/{signed_in.sub}/disabled", {"disabled": False}).json()
        assert not user["disabled"]
    assert actors(robot, signed_in.sub, "admin:user:disable") == ["client:robot"]
    assert actors(robot, signed_in.sub, "admin:user:enable") == ["client:robot"]


def test_a_password_is_made_up_once_and_must_be_changed(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn, new_browser: Callable[..., Browser]
) -> None:
    person = admin_center.add_person()
    signed_in = sign_in(person)
    said = robot.ask("POST", f"/users/{person.sub}/password-reset").json()
    admin_center.secrets.add(said["password"])
    assert said["user"]["must_change_password"]
    assert not site.is_alive(signed_in.sid)
    browser = new_browser()
    login = browser.get(admin_center.url("/login"))
    page = browser.follow(browser.log_in(login, person.username, said["password"]))
    assert "/login/new-password" in page.url
    assert actors(robot, person.sub, "admin:password:set") == ["client:robot"]


def test_a_password_that_is_given_is_not_told_again(robot: Robot, admin_center: Center) -> None:
    user, password = add(robot), secrets.token_urlsafe(12)
    admin_center.secrets.add(password)
    said = robot.ask("POST", f"/users/{user['sub']}/password-reset", {"password": password}).json()
    assert said["password"] is None
    said = robot.refused("POST", f"/users/{user['sub']}/password-reset", {"password": "password"})
    assert said["field"] == "password"


def test_a_person_is_removed_with_all_they_had(robot: Robot, site: Site, sign_in: SignIn) -> None:
    signed_in = sign_in()
    robot.ask("DELETE", f"/users/{signed_in.sub}", status=204)
    assert not site.is_alive(signed_in.sid)
    robot.refused("DELETE", f"/users/{signed_in.sub}", status=404)
    assert actors(robot, signed_in.sub, "admin:user:remove") == ["client:robot"]


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("PUT", "/roles", {"roles": []}),
        ("PUT", "/disabled", {"disabled": True}),
        ("POST", "/password-reset", {}),
    ],
)
def test_whom_nobody_knows_is_not_found(robot: Robot, method: str, below: str, body: Any) -> None:
    assert robot.refused(method, f"/users/nobody{below}", body, status=404)["error"] == "not_found"


def test_every_field_of_a_profile_is_told_and_changed(robot: Robot) -> None:
    user = add(
        robot, email="p@example.org", email_verified=True, groups=["b", "a"], address={"country": "FR"}
    )
    assert (user["email_verified"], user["groups"], user["address"]) == (True, ["a", "b"], {"country": "FR"})
    assert (user["nickname"], user["phone_number_verified"], user["picture"]) == ("", False, "")
    changes = {"email": "q@example.org", "phone_number": "+49 30 123456", "address": {}, "locale": "de_DE"}
    changed = robot.ask("PATCH", f"/users/{user['sub']}", changes).json()
    assert (changed["email"], changed["email_verified"]) == ("q@example.org", False)
    assert (changed["phone_number"], changed["address"], changed["locale"]) == ("+4930123456", {}, "de-DE")
    assert robot.get(f"/users/{user['sub']}") == changed
    entry = robot.get("/audit", user=user["sub"], tag="admin:user:change")["events"][0]
    named = ["address", "email", "email_verified", "locale", "phone_number"]
    assert entry["detail"] == {"changed": named}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"birthdate": "yesterday"}, "birthdate"),
        ({"email_verified": "yes"}, "email_verified"),
        ({"groups": "a"}, "groups"),
        ({"address": {"planet": "Mars"}}, "address.planet"),
        ({"preferred_username": "x"}, "preferred_username"),
        ({"picture": "javascript:alert(1)"}, "picture"),
    ],
)
def test_a_wrong_field_of_a_profile_is_named(robot: Robot, body: dict[str, Any], field: str) -> None:
    user = add(robot)
    said = robot.refused("PATCH", f"/users/{user['sub']}", body, status=400)
    assert said["field"] == field
    assert robot.get(f"/users/{user['sub']}") == user
