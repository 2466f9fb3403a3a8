"""Who is here and was, by the API."""

from collections.abc import Callable

from tests.admin_api.robot import Robot
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually


def test_presence_counts_people_and_sessions(
    robot: Robot, site: Site, sign_in: Callable[..., SignedIn]
) -> None:
    before = robot.get("/presence")
    sign_in()
    after = robot.get("/presence")
    assert after["now"] == before["now"] + 1
    assert after["sessions"] == before["sessions"] + 1
    assert {"client_id": site.client_id, "grants": 1} in after["clients"] or len(after["clients"]) == 10


def test_the_courier_s_samples_are_told_over_time(
    robot: Robot, admin_center: Center, sign_in: Callable[..., SignedIn]
) -> None:
    sign_in()

    def is_noted() -> bool:
        return any(moment["people"] for moment in robot.get("/presence/history", points=3)["moments"])

    eventually(is_noted, within=30, what="a sample")
    now = admin_center.clock.now_ms()
    moments = robot.get("/presence/history", since=now - 7_200_000, until=now - 3_600_000, points=60)[
        "moments"
    ]
    assert [moment["at"] for moment in moments] == [now - 7_200_000 + n * 60_000 for n in range(60)]
    assert {moment["people"] for moment in moments} == {None}


def test_a_time_that_ends_before_it_begins_is_refused(robot: Robot) -> None:
    assert robot.refused("GET", "/presence/history", since=5, until=4)["field"] == "until"
