"""The sweep: expired sessions end by the one path, and nothing else does."""

import pytest

from sso_center.core.clients import Client
from sso_center.core.endings.endings import BATCH
from sso_center.core.upkeep import Sweep
from tests.endings.conftest import Books, sign_in
from tests.harness.core import HOUR, MINUTE, Core


@pytest.fixture
def sweep(core: Core) -> Sweep:
    return Sweep(core.services.redis, core.services.endings, core.services.revoker, core.services.clock)


def is_kept(core: Core, sid: str) -> bool:
    return bool(core.record(sid, "session", sid))


def test_an_expired_session_ends_by_the_center_and_its_sites_are_told(
    core: Core, books: Books, sweep: Sweep, shop: Client
) -> None:
    held = sign_in(core, shop)
    core.time.move(2 * HOUR - 1)
    sweep.sweep()
    assert is_kept(core, held.sid)
    core.time.move(1)
    sweep.sweep()
    assert not is_kept(core, held.sid)
    (entry,) = books.journal(sid=held.sid)
    assert (entry.reason, entry.actor) == ("expired", "center")
    assert books.told(sid=held.sid) == [shop.client_id]


def test_a_session_that_was_used_is_not_swept_when_its_place_in_the_index_is_old(
    core: Core, sweep: Sweep
) -> None:
    held = sign_in(core)
    was = core.hot.place_in(held.user.shard, "deadlines", held.sid)
    assert was is not None
    core.time.move(HOUR)
    assert core.services.sessions.visit(held.cookie).session is not None
    core.hot.put_into(held.user.shard, "deadlines", held.sid, was)
    core.time.move(HOUR + MINUTE)
    sweep.sweep()
    assert is_kept(core, held.sid)
    # Put back where it belongs, or every sweep would look at it again.
    place = core.hot.place_in(held.user.shard, "deadlines", held.sid)
    assert place is not None
    assert place > core.time.now


def test_the_sweep_drops_index_entries_without_a_session(core: Core, sweep: Sweep) -> None:
    core.hot.put_into("00", "deadlines", "00-nobodys")
    sweep.sweep()
    assert core.hot.place_in("00", "deadlines", "00-nobodys") is None


def test_more_sessions_than_a_batch_are_swept_in_rounds(core: Core, sweep: Sweep) -> None:
    core.time.move(12 * HOUR)
    sweep.sweep()
    user = core.person()
    held = [sign_in(core, user=user) for _ in range(BATCH + 20)]
    core.time.move(12 * HOUR)
    assert sweep.sweep() == BATCH
    assert sweep.sweep() == 20
    assert sweep.sweep() == 0
    assert not any(is_kept(core, one.sid) for one in held)
