"""Of several couriers one does a kind of work at a time, and one that stops lets another go on at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from sso_center.core.leases import Leases
from sso_center.storage.schema import leases
from tests.harness.center import Center
from tests.harness.core import core_in
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer


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


@pytest.mark.needs_postgresql
def test_two_couriers_that_take_a_new_lease_at_once_share_no_work(tmp_path: Path) -> None:
    with PostgresServer() as server, core_in(tmp_path, SSO_DATABASE_URL=server.new_database()) as core:
        database, clock = core.services.database, core.services.clock
        late = Leases(database, "late", clock)

        def waits_for_a_lock() -> bool:
            with server.connect() as connection:
                question = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                return connection.execute(question).fetchone() == (1,)

        with ThreadPoolExecutor() as pool:
            with database.write() as connection:
                row = {"name": "work", "holder": "quick", "until": clock() + 10_000}
                connection.execute(insert(leases).values(**row))
                answer = pool.submit(late.hold, "work", 10)
                eventually(waits_for_a_lock, what="the second courier")
            assert answer.result() is False
