"""Notices in SQL: which are due, to whom they are lent, and what their receipts say."""

import itertools

import pytest

from sso_center.core.audit import Tag
from sso_center.core.notices import NewNotice, Outbox
from sso_center.core.notices.outbox import GIVE_UP_AFTER, LEASE, Notice, Receipt, retry_after
from tests.endings.conftest import Books
from tests.harness.core import HOUR, SECOND, Core

WELL = Receipt(True, 200, 12, "")
BADLY = Receipt(False, 500, 34, "answered 500")

_numbers = itertools.count(1)


@pytest.fixture
def notices(core: Core, books: Books) -> Outbox:
    """The notices, of which none is due yet."""
    books.close_notices()
    return core.services.outbox


def add(core: Core, *clients: str) -> int:
    """Record an ending that concerns these clients; returns its number."""
    number = core.services.entries.record_other(
        id=f"entry-{next(_numbers)}",
        kind="leave",
        at=core.time.now,
        shard=None,
        tag=Tag.CLIENT_LEFT,
        reason="admin",
        actor="test",
        detail={},
        notices=[NewNotice(client, "00sid", "sub", "oidc") for client in clients],
    )
    return number


def lease(core: Core, notices: Outbox, *, limit: int = 100, not_for: tuple[str, ...] = ()) -> list[Notice]:
    return notices.lease(core.time.now, limit=limit, not_for=not_for)


def test_a_new_notice_is_due_at_once(core: Core, notices: Outbox) -> None:
    assert not notices.is_any_due(core.time.now)
    number = add(core, "a", "b")
    assert not notices.is_any_due(core.time.now - 1)
    assert notices.is_any_due(core.time.now)
    due = lease(core, notices)
    assert [(one.number, one.client_id, one.sid, one.sub, one.attempts) for one in due] == [
        (number, "a", "00sid", "sub", 0),
        (number, "b", "00sid", "sub", 0),
    ]


def test_a_notice_leased_by_one_courier_is_given_to_no_other_until_the_lease_expires(
    core: Core, notices: Outbox
) -> None:
    add(core, "a")
    (mine,) = lease(core, notices)
    for moment in (0, LEASE - 1):
        core.time.move(moment)
        assert lease(core, notices) == []
        assert not notices.is_any_due(core.time.now)
    core.time.move(1)
    assert notices.is_any_due(core.time.now)
    assert lease(core, notices) == [mine]


def test_no_more_notices_are_leased_than_asked_for_and_none_for_busy_clients(
    core: Core, notices: Outbox
) -> None:
    add(core, "a", "b", "c")
    assert [one.client_id for one in lease(core, notices, limit=1, not_for=("a",))] == ["b"]
    assert [one.client_id for one in lease(core, notices, not_for=("a",))] == ["c"]
    assert [one.client_id for one in lease(core, notices)] == ["a"]


def test_one_notice_a_client_is_leased_at_a_time_the_oldest(core: Core, notices: Outbox) -> None:
    numbers = [add(core, "a", "b"), add(core, "a"), add(core, "b")]
    lent = [[(one.number, one.client_id) for one in lease(core, notices)] for _ in range(3)]
    assert lent == [[(numbers[0], "a"), (numbers[0], "b")], [(numbers[1], "a"), (numbers[2], "b")], []]


def test_the_notice_that_is_due_longest_is_leased_first(core: Core, notices: Outbox) -> None:
    add(core, "late")
    (late,) = lease(core, notices)
    notices.keep(late, BADLY, core.time.now, jitter=0)
    add(core, "now")
    core.time.move(5 * SECOND)
    assert [one.client_id for one in lease(core, notices)] == ["now", "late"]


def test_a_confirmed_notice_is_never_due_again(core: Core, notices: Outbox, books: Books) -> None:
    number = add(core, "a")
    (one,) = lease(core, notices)
    core.time.move(SECOND)
    notices.keep(one, WELL, core.time.now, jitter=0)
    (row,) = books.notices(number=number)
    assert (row.state, row.attempts, row.status_code, row.took_ms) == ("confirmed", 1, 200, 12)
    assert (row.confirmed_at, row.last_error) == (core.time.now, "")
    core.time.move(2 * GIVE_UP_AFTER)
    assert lease(core, notices) == []
    assert not notices.is_any_due(core.time.now)


def test_a_failed_notice_is_retried_after_growing_pauses(core: Core, notices: Outbox, books: Books) -> None:
    number = add(core, "a")
    # From the fourth failure on it is the site that is left alone.
    for attempts, wait in enumerate((1, 2, 4, 5, 10, 20), start=1):
        (one,) = lease(core, notices)
        notices.keep(one, BADLY, core.time.now, jitter=0)
        (row,) = books.notices(number=number)
        assert (row.state, row.attempts, row.last_error) == ("pending", attempts, "answered 500")
        core.time.move(wait * SECOND - 1)
        assert lease(core, notices) == []
        core.time.move(1)


def test_a_notice_is_given_up_after_a_day(core: Core, notices: Outbox, books: Books) -> None:
    number = add(core, "a")
    (one,) = lease(core, notices)
    core.time.move(GIVE_UP_AFTER - 1)
    notices.keep(one, BADLY, core.time.now, jitter=0)
    assert [row.state for row in books.notices(number=number)] == ["pending"]
    core.time.move(HOUR)
    (one,) = lease(core, notices)
    notices.keep(one, BADLY, core.time.now, jitter=0)
    assert [row.state for row in books.notices(number=number)] == ["gave_up"]
    assert lease(core, notices) == []
    assert not notices.is_any_due(core.time.now + HOUR)


def test_the_retry_pause_doubles_to_an_hour_with_jitter(core: Core) -> None:
    waits = [retry_after(attempts, 0) for attempts in range(1, 40)]
    assert waits[:5] == [1000, 2000, 4000, 8000, 16000]
    assert waits[11:] == [2_048_000] + [3_600_000] * 27
    assert retry_after(3, 1) == 3000
    assert 3000 < retry_after(3, 0.5) < 4000


def test_notices_are_counted_by_state(core: Core, notices: Outbox) -> None:
    before = notices.count_by_state()
    add(core, "a", "b")
    after = notices.count_by_state()
    assert after["pending"] - before.get("pending", 0) == 2
    assert after["confirmed"] == before["confirmed"]
