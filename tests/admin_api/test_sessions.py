"""Sessions by the API."""

from collections.abc import Callable

from tests.admin_api.robot import Robot
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site

SignIn = Callable[..., SignedIn]


def sids(robot: Robot, **query: object) -> list[str]:
    return [session["sid"] for session in robot.pages("/sessions", "sessions", **query)]


def test_sessions_are_found_by_person_by_site_and_all(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn
) -> None:
    person, other = admin_center.add_person(), admin_center.add_site()
    first, second, third = sign_in(person), sign_in(person, at=other), sign_in()
    assert set(sids(robot, user=first.sub, limit=1)) == {first.sid, second.sid}
    assert sids(robot, user=first.sub, client=other.client_id) == [second.sid]
    assert set(sids(robot, client=site.client_id, limit=1)) == {first.sid, third.sid}
    assert {first.sid, second.sid, third.sid} <= set(sids(robot, limit=2))
    assert first.sid in sids(robot, address="127.0.0.1")
    assert sids(robot, address="192.0.2.1") == []


def test_a_session_is_shown_with_who_it_is_and_where_it_was_used(
    robot: Robot, admin_center: Center, site: Site, sign_in: SignIn
) -> None:
    person = admin_center.add_person()
    signed_in = sign_in(person)
    shown = robot.get(f"/sessions/{signed_in.sid}")
    assert (shown["sub"], shown["username"]) == (signed_in.sub, person.username)
    assert shown["clients"] == [site.client_id]
    assert [step["client_id"] for step in shown["steps"]] == [site.client_id, None]


def test_a_session_is_ended_once_by_whom_the_log_names(
    robot: Robot, admin_center: Center, site: Site, new_browser: Callable[..., Browser]
) -> None:
    browser = new_browser()
    signed_in = site.sign_in(browser, admin_center.add_person())
    ended = robot.ask("DELETE", f"/sessions/{signed_in.sid}").json()
    assert (ended["sid"], ended["clients"]) == (signed_in.sid, [site.client_id])
    assert not site.is_alive(signed_in.sid)
    assert robot.refused("DELETE", f"/sessions/{signed_in.sid}", status=404)["error"] == "not_found"
    assert robot.get(f"/endings/{ended['number']}")["actor"] == "client:robot"
    (event,) = robot.get("/audit", sid=signed_in.sid, tag="center:session:end")["events"]
    assert event["actor"] == "client:robot"


def test_a_session_that_is_not_there_is_not_found(robot: Robot) -> None:
    for sid in ("00nothing", "nothing", "x" * 500):
        assert robot.refused("GET", f"/sessions/{sid}", status=404)["error"] == "not_found"
        robot.refused("DELETE", f"/sessions/{sid}", status=404)
