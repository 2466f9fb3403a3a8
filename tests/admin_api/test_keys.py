"""Keys by the API."""

from tests.admin_api.robot import Robot


def test_keys_are_listed_without_what_is_secret_and_rotated(robot: Robot) -> None:
    before = robot.ask("GET", "/keys")
    assert "private" not in before.text
    active = {key["purpose"]: key["kid"] for key in before.json()["keys"] if key["state"] == "active"}
    after = robot.ask("POST", "/keys/rotate", {"purpose": "EdDSA"}).json()["keys"]
    now = {key["purpose"]: key["kid"] for key in after if key["state"] == "active"}
    assert {purpose for purpose, kid in now.items() if active[purpose] != kid} == {"EdDSA"}
    (event, *_) = robot.get("/audit", tag="admin:keys:rotate")["events"]
    assert (event["actor"], event["detail"]) == ("client:robot", {"purpose": "EdDSA"})


def test_all_keys_are_rotated_when_none_is_named(robot: Robot) -> None:
    keys = robot.ask("POST", "/keys/rotate").json()["keys"]
    assert {key["purpose"] for key in keys if key["state"] == "retired"} == {
        "RS256",
        "ES256",
        "EdDSA",
        "cookie",
    }
    robot.get("/presence")


def test_a_purpose_that_is_none_is_refused(robot: Robot) -> None:
    assert robot.refused("POST", "/keys/rotate", {"purpose": "HS256"})["field"] == "purpose"
