"""Who is here and was, by the API."""

from collections.abc import Callable

from tests.admin_api.robot import Robot
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site


def test_presence_counts_people_and_sessions(
    robot: Robot, site: Site, sign_in: Callable[..., SignedIn]
) -> None:
    before = robot.get("/presence")
    sign_in()
    after = robot.get("/presence")
    assert after["now"] == before["now"] + 1
    assert after["sessions"] == before["sessions"] + 1
    assert {"client_id": site.client_id, "grants": 1} in after["clients"] or len(after["clients"]) == 10


def test_samples_are_told_over_time(robot: Robot, admin_center: Center) -> None:
    now = admin_center.clock.now_ms() // 60_000 * 60_000
    since = now - 50 * 86_400_000
    admin_center.services.history.note(since + 120_000, 7, 9)
    moments = robot.get("/presence/history", since=since, until=since + 240_000, points=4)["moments"]
    assert [(one["at"] - since, one["people"], one["sessions"]) for one in moments] == [
        (0, None, None),
        (60_000, None, None),
        (120_000, 7, 9),
        (180_000, None, None),
    ]
    assert len(robot.get("/presence/history")["moments"]) == 96


def test_a_time_that_ends_before_it_begins_is_refused(robot: Robot) -> None:
    assert robot.refused("GET", "/presence/history", since=5, until=4)["field"] == "until"
