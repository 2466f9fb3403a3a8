"""Ending many, and who was told of it, by the API."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.admin_api.robot import Robot
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually

SignIn = Callable[..., SignedIn]


def begin(robot: Robot, scope: str, name: str | None = None, **more: Any) -> Any:
    named = {} if name is None else {"name": name}
    return robot.ask("POST", "/endings", {"scope": scope, **named, **more}).json()


def walked(robot: Robot, number: int) -> Any:
    """Return the walk once it is through."""
    eventually(lambda: robot.get(f"/walks/{number}")["percent"] == 100, what="the walk")
    return robot.get(f"/walks/{number}")


def test_whom_an_ending_would_touch_is_told_and_nothing_done(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn
) -> None:
    person = admin_center.add_person(roles=("night",))
    signed_in = [sign_in(person), sign_in(person)]
    one = {"people": 1, "sessions": 2, "clients": 1, "is_whole": True}
    for scope, name in (("user", person.sub), ("client", site.client_id), ("role", "night")):
        said = begin(robot, scope, name, dry_run=True)
        assert said == {"dry_run": True, "number": None, "reach": one}
    assert begin(robot, "everyone", dry_run=True)["reach"]["sessions"] >= 2
    assert all(site.is_alive(one.sid) for one in signed_in)


def test_a_person_is_logged_out_everywhere_and_its_walk_can_be_followed(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn
) -> None:
    person = admin_center.add_person()
    ended, other = sign_in(person), sign_in()
    number = begin(robot, "user", person.sub)["number"]
    assert [site.is_alive(one.sid) for one in (ended, other)] == [False, True]
    walk = walked(robot, number)
    assert (walk["scope"], walk["name"], walk["ended"]) == ("user", person.sub, 1)
    assert number in [one["number"] for one in robot.get("/walks")["walks"]]
    (event,) = robot.get("/audit", tag="center:cut-off:set", user=person.sub)["events"]
    assert event["actor"] == "client:robot"


def test_a_role_and_a_site_are_ended(robot: Robot, admin_center: Center, site: Site, sign_in: SignIn) -> None:
    guest, other = sign_in(admin_center.add_person(roles=("guest",))), sign_in()
    begin(robot, "role", "guest")
    assert [site.is_alive(one.sid) for one in (guest, other)] == [False, True]
    begin(robot, "client", site.client_id)
    assert not site.is_alive(other.sid)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scope"),
        ({"scope": "all"}, "scope"),
        ({"scope": "user"}, "name"),
        ({"scope": "role"}, "name"),
        ({"scope": "role", "name": "no role"}, "name"),
        ({"scope": "role", "name": "a|b", "dry_run": True}, "name"),
        ({"scope": "everyone", "name": "x"}, "name"),
        ({"scope": "everyone", "dry_run": "no"}, "dry_run"),
        ({"scope": "everyone", "dryrun": True}, "dryrun"),
    ],
)
def test_whom_to_end_must_be_clear(robot: Robot, body: dict[str, Any], field: str) -> None:
    assert robot.refused("POST", "/endings", body)["field"] == field


def test_whom_nobody_knows_can_t_be_ended(robot: Robot) -> None:
    for scope in ("user", "client"):
        said = robot.refused("POST", "/endings", {"scope": scope, "name": "nobody"}, status=404)
        assert said["error"] == "not_found"


def test_receipts_say_who_was_told_and_are_delivered_again(
    robot: Robot, admin_center: Center, sign_in: SignIn, receiver: Receiver
) -> None:
    site = admin_center.add_site(backchannel_logout_uri=receiver.uri)
    signed_in = sign_in(at=site)
    number = robot.ask("DELETE", f"/sessions/{signed_in.sid}").json()["number"]

    def confirmed() -> bool:
        return robot.get(f"/endings/{number}")["notices"]["confirmed"] == 1

    eventually(confirmed, what="the receipt")
    (receipt,) = robot.pages(f"/endings/{number}/receipts", "receipts", limit=1)
    assert (receipt["client_id"], receipt["state"], receipt["status"]) == (site.client_id, "confirmed", 200)
    assert robot.ask("POST", f"/endings/{number}/deliver", {}).json() == {"notices": 0}
    again = robot.ask("POST", f"/endings/{number}/deliver", {"client": site.client_id, "confirmed_too": True})
    assert again.json() == {"notices": 1}
    found = robot.pages("/endings", "endings", client=site.client_id, limit=1)
    assert [ending["number"] for ending in found] == [number]
    ours = robot.get("/endings", user=signed_in.sub, reason="admin", kind="ending")["endings"]
    assert [ending["number"] for ending in ours] == [number]
    (event,) = robot.get("/audit", tag="admin:notice:repeat", client=site.client_id)["events"]
    assert event["actor"] == "client:robot"


def test_an_ending_of_many_is_summed_up_by_site(
    robot: Robot, admin_center: Center, sign_in: SignIn, receiver: Receiver
) -> None:
    site, person = admin_center.add_site(backchannel_logout_uri=receiver.uri), admin_center.add_person()
    for _ in range(2):
        sign_in(person, site)
    receiver.answer(503)
    number = begin(robot, "user", person.sub)["number"]
    walked(robot, number)

    def tried() -> Any:
        (known,) = robot.get(f"/endings/{number}/sites")["sites"]
        return known if known["open"]["last_error"] else None

    known = eventually(tried, what="a try")
    assert (known["client_id"], known["notices"]["pending"]) == (site.client_id, 2)
    assert known["open"]["last_error"] == "answered 503"


@pytest.mark.parametrize("number", ["999999999999", "x", "-1", "9" * 40, "\u0661"])
def test_what_is_not_in_the_journal_is_not_found(robot: Robot, number: str) -> None:
    for path in ("/endings/{}", "/endings/{}/receipts", "/endings/{}/sites", "/walks/{}"):
        robot.refused("GET", path.format(number), status=404)
    robot.refused("POST", f"/endings/{number}/deliver", {}, status=404)


def test_a_cursor_of_receipts_that_is_none_is_refused(robot: Robot, sign_in: SignIn) -> None:
    number = robot.ask("DELETE", f"/sessions/{sign_in().sid}").json()["number"]
    assert robot.refused("GET", f"/endings/{number}/receipts", cursor="x")["field"] == "cursor"
    assert robot.refused("GET", "/endings", cursor="x")["field"] == "cursor"
