"""Redis dies after it closed a session and before that is recorded: what is told of it is true all the same.

The model of the bound found it (docs/model.md, TOLD_BEFORE_APPLIED): a site that was told a position behind
the ending would take an answer "alive" for as good as that position, and never hear of the ending again.
"""

import threading
import uuid

import pytest

from sso_center.core.clients import Client
from sso_center.core.feed import Position
from sso_center.core.feed import feed as feed_module
from sso_center.core.journal.entries import ClosedSession
from sso_center.core.reasons import CENTER, Reason
from sso_center.protocols.endings.position import Positions
from tests.endings.conftest import Held, sign_in
from tests.endings.test_feed import feed_of
from tests.harness.core import Core
from tests.harness.waiting import eventually


def record_only(core: Core, held: Held, client: Client) -> None:
    """Leave the center as it is when Redis lost the closing, and whoever records has not applied it yet."""
    closed = ClosedSession(
        sid=held.sid,
        ending_id=uuid.uuid4().hex,
        reason=Reason.LOGOUT,
        actor=CENTER,
        at=core.time.now,
        sub=held.user.sub,
        participants=(client.client_id,),
    )
    core.services.entries.record([closed], held.user.shard, {})
    assert core.is_alive(client, held.sid)


@pytest.mark.parametrize("has_asked_before", [True, False])
def test_a_client_that_received_an_ending_or_a_later_position_never_gets_alive_from_the_check(
    core: Core, shop: Client, *, has_asked_before: bool
) -> None:
    feed, held = feed_of(core), sign_in(core, shop)
    after: Position | None = feed.since(shop.client_id, None).position if has_asked_before else None
    record_only(core, held, shop)
    page = feed.since(shop.client_id, after)
    assert page.position.number == core.services.entries.head()
    assert not core.is_alive(shop, held.sid)


def test_a_process_that_begins_tells_no_position_behind_older_endings_that_redis_lost(
    core: Core, shop: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "AT_THE_START", 1)
    monkeypatch.setattr(feed_module, "PAGE", 2)
    lost = [sign_in(core, shop) for _ in range(5)]
    for held in lost:
        record_only(core, held, shop)
    feed_of(core).since(shop.client_id, None)
    assert not any(core.is_alive(shop, held.sid) for held in lost)


def test_the_check_answers_with_no_position_that_redis_does_not_know(core: Core, shop: Client) -> None:
    held, positions = sign_in(core, shop), Positions(feed_of(core), core.time)
    before = positions.current()
    record_only(core, held, shop)
    assert positions.current() == before
    assert core.is_alive(shop, held.sid)
    core.time.move(2_000)
    now = f"{core.services.entries.lineage()}:{core.services.entries.head()}"
    eventually(lambda: positions.current() == now, what="the present position")
    assert not core.is_alive(shop, held.sid)


def test_the_check_does_not_wait_for_sql_that_hangs(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = feed_of(core)
    positions = Positions(feed, core.time)
    known, is_asked, goes_on, present = (
        positions.current(),
        threading.Event(),
        threading.Event(),
        feed.present,
    )

    def slowly() -> Position:
        is_asked.set()
        assert goes_on.wait(60)
        return present()

    monkeypatch.setattr(feed, "present", slowly)
    core.services.mass_endings.cut_off("user", "somebody", Reason.ADMIN, "cli")
    core.time.move(2_000)
    assert positions.current() == known
    assert is_asked.wait(60)
    assert positions.current() == known
    goes_on.set()
    eventually(lambda: positions.current() != known, what="a later position")
