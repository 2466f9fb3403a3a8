"""Calls that are not well formed are refused, and told where."""

import pytest

from tests.admin_api.robot import BASE, Robot


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "\u0661"}, "limit"),
        ({"limit": "9" * 30}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"user": "x" * 2001}, "user"),
        ({"user": "a\x00b"}, "user"),
    ],
)
def test_a_parameter_that_can_t_be_accepted_is_named(robot: Robot, query: dict[str, str], field: str) -> None:
    said = robot.refused("GET", "/sessions", **query)
    assert (said["error"], said["field"]) == ("invalid_request", field)


@pytest.mark.parametrize("value", ["yes", "1", "TRUE"])
def test_a_flag_is_true_or_false(robot: Robot, value: str) -> None:
    assert robot.refused("GET", "/endings", unconfirmed=value)["field"] == "unconfirmed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": "a", "colour": "red"}, "colour"),
        ({"username": 1}, "username"),
        ({"username": None}, "username"),
        ({"username": "a", "roles": "staff"}, "roles"),
        ({"username": "a", "roles": [1]}, "roles"),
        ({"username": "a", "roles": ["x"] * 101}, "roles"),
        ({"username": "a", "roles": ["no good"]}, "roles"),
        ({"username": "a", "must_change_password": 1}, "must_change_password"),
        ({"username": "a", "email": "nowhere"}, "email"),
        ({"username": "a", "password": "short"}, "password"),
        ({"username": ""}, "username"),
        ({"username": "x" * 2001}, "username"),
        ('{"username": "a\\u0000b"}', "username"),
        ('{"username": "a\\ud800b"}', "username"),
        ('{"username": 1.5}', "username"),
    ],
)
def test_a_member_that_can_t_be_accepted_is_named(robot: Robot, body: object, field: str) -> None:
    said = robot.refused("POST", "/users", body)
    assert (said["error"], said["field"]) == ("invalid_request", field)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        '"text"',
        "null",
        '{"username": "a", "username": "b"}',
        '{"username": NaN}',
        "[" * 5000,
        '{"username": "a"} {}',
    ],
)
def test_what_is_no_json_object_is_refused(robot: Robot, body: str) -> None:
    assert robot.refused("POST", "/users", body)["error"] == "invalid_request"


def test_json_must_say_that_it_is(robot: Robot) -> None:
    answer = robot.center.http.post(
        robot.center.url(BASE + "/users"),
        data={"username": "a"},
        headers={"Authorization": f"Bearer {robot.token}"},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_body_where_none_is_taken_is_refused(robot: Robot) -> None:
    assert robot.refused("DELETE", "/users/nobody", {"really": True})["error"] == "invalid_request"


def test_a_body_too_large_is_refused(robot: Robot) -> None:
    robot.ask("POST", "/users", '{"name": "' + "x" * 17_000 + '"}', status=413)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/sessions", "GET"),
        ("DELETE", "/sessions", "GET"),
        ("GET", "/keys/rotate", "POST"),
        ("PUT", "/users/x", "GET, PATCH, DELETE"),
    ],
)
def test_another_method_is_refused_and_told_which_there_are(
    robot: Robot, method: str, path: str, allowed: str
) -> None:
    answer = robot.center.http.request(method, robot.center.url(BASE + path), timeout=60)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/users/a/b/c", "/sessions//", "/users/%ff"])
def test_an_address_that_is_none_is_refused_as_json(robot: Robot, path: str) -> None:
    answer = robot.center.http.get(robot.center.url(BASE + path), timeout=60)
    assert answer.status_code in (400, 404)
    if answer.status_code == 404:
        assert answer.json()["error"] == "not_found"


def test_a_question_without_its_answer_s_body_is_answered_alike(robot: Robot) -> None:
    answer = robot.center.http.head(
        robot.center.url(BASE + "/keys"), headers={"Authorization": f"Bearer {robot.token}"}, timeout=60
    )
    assert (answer.status_code, answer.text) == (200, "")
