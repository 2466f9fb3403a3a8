"""Of several couriers one does a kind of work at a time, and one that stops lets another go on at once."""

from collections.abc import Callable

from sqlalchemy import select

from sso_center.core.leases import Leases
from sso_center.storage.schema import leases
from tests.harness.center import Center
from tests.harness.waiting import eventually


def held(center: Center) -> list[str]:
    with center.services.database.read() as connection:
        return list(connection.scalars(select(leases.c.name).where(leases.c.until > 0)))


def test_a_courier_that_stops_gives_its_leases_back(new_center: Callable[..., Center]) -> None:
    center = new_center()
    eventually(lambda: {"tail", "sweep", "audit", "keys"} <= set(held(center)), what="the courier's leases")
    center.stop()
    assert held(center) == []


def test_a_lease_is_one_couriers_until_it_runs_out(new_center: Callable[..., Center]) -> None:
    center = new_center(start=False)
    database, clock = center.services.database, center.services.clock
    one, other = Leases(database, "one", clock), Leases(database, "other", clock)
    assert one.hold("work", 10)
    assert not other.hold("work", 10)
    center.move_clock(6)
    assert one.hold("work", 10)
    center.move_clock(9)
    assert not other.hold("work", 10)
    center.move_clock(2)
    assert other.hold("work", 10)
    assert not one.hold("work", 10)


def test_a_clock_that_was_set_back_leaves_no_lease_of_the_future(new_center: Callable[..., Center]) -> None:
    center = new_center(start=False)
    database, clock = center.services.database, center.services.clock
    assert Leases(database, "gone", clock).hold("work", 10)
    other = Leases(database, "other", clock)
    center.clock.move(-30)
    assert not other.hold("work", 10)
    center.clock.move(-3600)
    assert other.hold("work", 10)
