"""Sites that answer nobody are left alone, cost nobody anything, and have everything once they are back."""

import threading
from collections.abc import Iterator

import pytest

from sso_center.base.actor import Actor
from sso_center.core.audit import Tag
from sso_center.core.clients import Client
from sso_center.core.notices import Delivery, NewNotice, NoticeSender, Outbox, Poster
from sso_center.core.notices.delivery import FOR_SLOW, SLOW, WORKERS
from sso_center.core.notices.outbox import (
    FIRST_PAUSE,
    GIVE_UP_AFTER,
    LEASE,
    LONGEST_PAUSE,
    OPENS_AT,
    Notice,
    pause_after,
)
from sso_center.core.notices.sender import Receipt
from sso_center.core.reasons import Reason
from sso_center.protocols.table import FACADES
from tests.endings.conftest import Books, sign_in
from tests.harness.core import SECOND, Core
from tests.harness.waiting import eventually

WELL, BADLY = Receipt(True, 200, 12, ""), Receipt(False, None, 3, "connection refused")


@pytest.fixture
def notices(core: Core, books: Books) -> Outbox:
    books.close_notices()
    return core.services.outbox


@pytest.fixture
def dead(core: Core) -> Client:
    return core.site(backchannel_logout_uri="https://dead.example/logout")


def end(core: Core, *clients: Client) -> str:
    held = sign_in(core, *clients)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    return held.sid


def leased(core: Core) -> list[Notice]:
    return core.services.outbox.lease(core.time.now, limit=100, not_for=())


def fail(core: Core, notices: Outbox, times: int) -> None:
    for _ in range(times):
        (one,) = leased(core)
        notices.keep(one, BADLY, core.time.now, jitter=0)


def open_breaker(core: Core, notices: Outbox, site: Client) -> None:
    """Let a site miss as many notices as it takes."""
    for _ in range(OPENS_AT):
        end(core, site)
    fail(core, notices, OPENS_AT)


def test_a_site_that_failed_often_in_a_row_is_tried_once_at_a_time_after_growing_pauses(
    core: Core, notices: Outbox, books: Books, dead: Client
) -> None:
    open_breaker(core, notices, dead)
    waiting = [end(core, dead) for _ in range(5)]
    for failures in range(OPENS_AT, OPENS_AT + 9):
        core.time.move(pause_after(failures, 0) - 1)
        assert not notices.is_any_due(core.time.now)
        assert leased(core) == []
        core.time.move(1)
        (probe,) = leased(core)
        assert leased(core) == []
        notices.keep(probe, BADLY, core.time.now, jitter=0)
    assert notices.breakers()[dead.client_id].last_error == "connection refused"
    # Those that wait cost it no attempt but the ones of the probes.
    attempts = [row.attempts for row in books.notices(client_id=dead.client_id)]
    assert sum(attempts) == OPENS_AT + 9
    assert [row.state for sid in waiting for row in books.notices(sid=sid)] == ["pending"] * 5
    assert pause_after(OPENS_AT, 0) == FIRST_PAUSE
    assert pause_after(50, 0) == LONGEST_PAUSE


def test_the_first_notice_that_arrives_closes_the_breaker_for_all_others(
    core: Core, notices: Outbox, books: Books, dead: Client
) -> None:
    open_breaker(core, notices, dead)
    for _ in range(3):
        end(core, dead)
    core.time.move(FIRST_PAUSE)
    (probe,) = leased(core)
    notices.keep(probe, WELL, core.time.now, jitter=0)
    assert notices.breakers() == {}
    delivered = 1
    while due := leased(core):
        notices.keep(due[0], WELL, core.time.now, jitter=0)
        delivered += 1
    assert delivered == OPENS_AT + 3


def test_a_closing_breaker_makes_the_sites_waiting_retries_due_at_once(
    core: Core, notices: Outbox, dead: Client
) -> None:
    for _ in range(2):
        end(core, dead)
    for failures in range(1, 25):
        probe = leased(core)[0]
        notices.keep(probe, BADLY, core.time.now, jitter=0)
        core.time.move(max(pause_after(failures, 0), 10 * SECOND))
    (probe,) = leased(core)
    notices.keep(probe, WELL, core.time.now, jitter=0)
    (other,) = leased(core)
    assert other.number != probe.number


def test_a_notice_that_always_fails_is_not_retried_sooner_when_others_arrive(
    core: Core, notices: Outbox, dead: Client
) -> None:
    end(core, dead)
    fail(core, notices, 1)
    end(core, dead)
    (good,) = leased(core)
    notices.keep(good, WELL, core.time.now, jitter=0)
    assert leased(core) == []


def test_a_breakers_probe_is_taken_over_from_a_courier_that_died(
    core: Core, notices: Outbox, dead: Client
) -> None:
    open_breaker(core, notices, dead)
    core.time.move(FIRST_PAUSE)
    (lost,) = leased(core)
    core.time.move(LEASE - 1)
    assert leased(core) == []
    core.time.move(1)
    (again,) = leased(core)
    assert (again.client_id, again.number) == (lost.client_id, lost.number)


def test_a_notice_that_waited_a_day_behind_an_open_breaker_is_given_up(
    core: Core, notices: Outbox, books: Books, dead: Client
) -> None:
    open_breaker(core, notices, dead)
    old = [end(core, dead) for _ in range(2)]
    core.time.move(GIVE_UP_AFTER)
    young = end(core, dead)
    (probe,) = leased(core)
    notices.keep(probe, BADLY, core.time.now, jitter=0)
    states = [(row.state, row.last_error) for sid in old for row in books.notices(sid=sid)]
    assert states == [("gave_up", "connection refused")] * 2
    assert [row.state for row in books.notices(sid=young)] == ["pending"]


def test_a_receipt_says_when_a_waiting_notice_is_tried_and_why_it_waits(
    core: Core, notices: Outbox, dead: Client
) -> None:
    open_breaker(core, notices, dead)
    end(core, dead)
    (newest,) = core.services.receipts.endings(limit=1)
    (receipt,) = core.services.receipts.of(newest.number)
    assert (receipt.state, receipt.attempts, receipt.last_error) == ("pending", 0, "connection refused")
    assert receipt.next_attempt_at == core.time.now + FIRST_PAUSE


def test_asking_to_deliver_again_tries_a_dead_site_now(core: Core, notices: Outbox, dead: Client) -> None:
    open_breaker(core, notices, dead)
    (newest,) = core.services.receipts.endings(limit=1)
    assert leased(core) == []
    assert core.services.receipts.deliver_again(newest.number, actor=Actor("boss")) == 1
    assert len(leased(core)) == 1


def test_leasing_costs_the_same_however_many_wait(core: Core, notices: Outbox, dead: Client) -> None:
    """It looks up in an index for each site, and goes through none of its notices."""
    with core.services.database.read() as connection:
        from sso_center.core.notices.outbox import _first_of_each

        text = _first_of_each(core.time.now, ("busy",)).compile(
            connection.engine, compile_kwargs={"literal_binds": True}
        )
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    scans = [line for line in plan if line.startswith("SCAN") and "waiting" not in line]
    assert not [line for line in scans if "notices" in line], plan
    used = [line for line in plan if "notices" in line]
    assert all("ix_notices_state_client_id_next_attempt_at" in line for line in used), plan


# Threads


class Slowly(NoticeSender):
    """Tells nobody: says that the slow took long, and holds on to them while it is told to."""

    def __init__(self, core: Core, slow: set[str]) -> None:
        services = core.services
        super().__init__(
            services.keys,
            Poster(allow_private=True),
            "https://sso.example",
            services.clock,
            FACADES.notice_words,
        )
        self.slow = slow
        self.go_on = threading.Event()
        self.go_on.set()
        self.told: list[str] = []

    def send(self, client: Client | None, **about: str) -> Receipt:  # type: ignore[override]
        assert client is not None
        self.told.append(client.client_id)
        if client.client_id in self.slow:
            self.go_on.wait(60)
            return Receipt(True, 200, SLOW, "")
        return Receipt(True, 200, 1, "")


@pytest.fixture
def slow_sites(core: Core) -> list[Client]:
    return [core.site(backchannel_logout_uri=f"https://slow{n}.example/logout") for n in range(WORKERS)]


@pytest.fixture
def notice_sender(core: Core, slow_sites: list[Client]) -> Slowly:
    return Slowly(core, {one.client_id for one in slow_sites})


@pytest.fixture
def delivery(core: Core, notices: Outbox, notice_sender: Slowly) -> Iterator[Delivery]:
    services = core.services
    delivery = Delivery(services.outbox, services.clients, notice_sender, services.sessions, services.clock)
    yield delivery
    notice_sender.go_on.set()
    delivery.close()


def test_slow_sites_share_half_of_the_workers_and_a_prompt_one_waits_for_none_of_them(
    core: Core, delivery: Delivery, notice_sender: Slowly, slow_sites: list[Client], books: Books
) -> None:
    def is_done() -> bool:
        delivery.deliver_due()
        return not books.notices(state="pending")

    end(core, *slow_sites)
    eventually(is_done, what="the first notices, by which they are known to be slow")
    notice_sender.go_on.clear()
    notice_sender.told.clear()
    for _ in range(3):
        end(core, *slow_sites)
    delivery.deliver_due()
    eventually(lambda: len(notice_sender.told) == FOR_SLOW, what="as many as may be slow")
    prompt = core.site(backchannel_logout_uri="https://prompt.example/logout")
    sid = end(core, prompt)
    delivery.deliver_due()
    eventually(lambda: books.notices(sid=sid)[0].state == "confirmed", what="the prompt one's")
    assert len(notice_sender.told) == FOR_SLOW + 1


# A person as a whole


def test_a_notice_that_names_only_the_person_is_not_sent_once_they_came_back(
    core: Core, delivery: Delivery, notice_sender: Slowly, books: Books, dead: Client
) -> None:
    user = core.person()
    for comes_back, state in ((False, "confirmed"), (True, "superseded")):
        number = core.services.entries.record_other(
            id=f"person-{comes_back}",
            kind="leave",
            at=core.time.now,
            shard=user.shard,
            tag=Tag.CLIENT_LEFT,
            reason="admin",
            actor="test",
            detail={},
            notices=[NewNotice(dead.client_id, "", user.sub, "oidc")],
        )
        core.time.move(SECOND)
        if comes_back:
            sign_in(core, dead, user=user)
        delivery.deliver_due()
        eventually(lambda n=number, s=state: books.notices(number=n)[0].state == s, what=state)
    assert notice_sender.told == [dead.client_id]


def test_delivering_again_ends_nothing_of_who_came_back_meanwhile(
    core: Core, delivery: Delivery, notice_sender: Slowly, books: Books, dead: Client
) -> None:
    user = core.person()
    number = core.services.entries.record_other(
        id="person-again",
        kind="leave",
        at=core.time.now,
        shard=user.shard,
        tag=Tag.CLIENT_LEFT,
        reason="admin",
        actor="test",
        detail={},
        notices=[NewNotice(dead.client_id, "", user.sub, "oidc")],
    )
    core.time.move(SECOND)
    sign_in(core, dead, user=user)
    core.time.move(SECOND)
    core.services.receipts.deliver_again(number, actor=Actor("boss"))
    delivery.deliver_due()
    eventually(lambda: books.notices(number=number)[0].state == "superseded", what="its receipt")
    assert notice_sender.told == []
