"""Receipts: which sites know of an ending, found by whom it was, where, why, or what a cut-off ended."""

import pytest

from sso_center.base.actor import Actor
from sso_center.base.errors import NotFound
from sso_center.core.clients import Client
from sso_center.core.notices import Counts, EndingFilter, Receipts, ending_filter
from sso_center.core.notices.outbox import Notice
from sso_center.core.notices.receipts import count_notices_by_site
from sso_center.core.notices.sender import Receipt
from sso_center.core.reasons import Reason
from tests.endings.conftest import Books, follow, sign_in
from tests.harness.core import SECOND, Core

WELL, BADLY = Receipt(True, 200, 84, ""), Receipt(False, None, 3, "connection refused")


@pytest.fixture
def receipts(core: Core, books: Books) -> Receipts:
    books.close_notices()
    core.time.move(SECOND)
    return core.services.receipts


def end(core: Core, *clients: Client, reason: Reason = Reason.LOGOUT) -> int:
    """End a session that the clients were in; returns the entry's number."""
    ending = core.services.endings.end_session(sign_in(core, *clients).sid, reason, "me")
    assert ending is not None
    return ending.number


def leased(core: Core) -> dict[str, Notice]:
    return {one.client_id: one for one in core.services.outbox.lease(core.time.now, limit=9, not_for=())}


def numbers(receipts: Receipts, **wanted: object) -> list[int]:
    return [one.number for one in receipts.endings(EndingFilter(**wanted))]


def test_an_ending_says_how_many_sites_confirmed_it_and_which_did_not_and_why(
    core: Core, receipts: Receipts, shop: Client, forum: Client, mute: Client
) -> None:
    number = end(core, shop, forum, mute)
    due = leased(core)
    core.services.outbox.keep(due[shop.client_id], WELL, core.time.now, jitter=0)
    core.services.outbox.keep(due[forum.client_id], BADLY, core.time.now, jitter=0)
    (newest,) = receipts.endings(limit=1)
    assert newest == receipts.find(number)
    assert (newest.kind, newest.reason, newest.actor) == ("ending", "logout", "me")
    assert newest.counts == Counts(confirmed=1, pending=1)
    by_site = {one.client_id: one for one in receipts.of(number)}
    assert by_site.keys() == {shop.client_id, forum.client_id}
    good, bad = by_site[shop.client_id], by_site[forum.client_id]
    assert (good.state, good.took_ms, good.status, good.last_attempt_at) == (
        "confirmed",
        84,
        200,
        core.time.now,
    )
    assert (bad.state, bad.attempts, bad.last_error) == ("pending", 1, "connection refused")
    assert bad.next_attempt_at == core.time.now + SECOND


def test_endings_are_found_by_person_site_reason_and_what_is_missing(
    core: Core, receipts: Receipts, shop: Client, forum: Client
) -> None:
    alone, site = core.person(), core.site(backchannel_logout_uri="https://new.example/logout")
    held = sign_in(core, site, shop, user=alone)
    ending = core.services.endings.end_session(held.sid, Reason.REUSE, "center")
    other = end(core, forum)
    assert ending is not None
    assert numbers(receipts, sub=alone.sub) == [ending.number]
    assert numbers(receipts, sid=held.sid) == [ending.number]
    assert numbers(receipts, client_id=site.client_id) == [ending.number]
    assert numbers(receipts, client_id=site.client_id, reason="logout") == []
    assert numbers(receipts, reason="reuse")[0] == ending.number
    assert numbers(receipts, since=core.time.now) == [other, ending.number]
    assert other not in numbers(receipts, until=core.time.now - 1)
    assert numbers(receipts, is_unconfirmed=True) == [other, ending.number]
    for one in leased(core).values():
        core.services.outbox.keep(one, WELL, core.time.now, jitter=0)
    assert numbers(receipts, is_unconfirmed=True) == []


def test_a_site_that_is_taken_out_is_found_by_its_name_though_it_takes_no_notices(
    core: Core, receipts: Receipts, mute: Client
) -> None:
    held = sign_in(core, mute)
    number = core.services.endings.leave(held.sid, mute.client_id, "me")
    assert number
    assert numbers(receipts, client_id=mute.client_id)[0] == number
    assert receipts.find(number).counts.total == 0


def test_pages_follow_each_other_without_gap(core: Core, receipts: Receipts, shop: Client) -> None:
    made = [end(core, shop) for _ in range(5)]
    for wanted in (EndingFilter(), EndingFilter(client_id=shop.client_id), EndingFilter(is_unconfirmed=True)):
        found: list[int] = []
        while len(found) < 5:
            page = receipts.endings(wanted, before=found[-1] if found else None, limit=2)
            found += [one.number for one in page]
        assert found[:5] == made[::-1]


def test_a_cut_offs_receipts_count_and_list_the_sessions_that_its_job_ended(
    core: Core, receipts: Receipts, shop: Client, forum: Client
) -> None:
    user = core.person()
    sids = {sign_in(core, shop, forum, user=user).sid, sign_in(core, shop, user=user).sid}
    list(core.services.mass_endings.end("user", user.sub, Reason.ADMIN, "cli"))
    (cut_off,) = [one for one in receipts.endings(EndingFilter(sub=user.sub)) if one.kind == "cutoff"]
    assert (cut_off.scope, cut_off.name) == ("user", user.sub)
    assert cut_off.counts == Counts(pending=3)
    walked = receipts.endings(EndingFilter(cause=cut_off.number))
    assert {one.sid for one in walked} == sids
    assert receipts.deliver_again(cut_off.number, actor=Actor("me")) == 3


def test_an_ending_of_many_is_summed_up_by_site_those_that_do_not_answer_first(
    core: Core, receipts: Receipts, shop: Client, forum: Client
) -> None:
    # By name the other one would come first.
    good, bad = sorted((shop, forum), key=lambda one: one.client_id)
    user = core.person()
    for _ in range(2):
        sign_in(core, shop, forum, user=user)
    list(core.services.mass_endings.end("user", user.sub, Reason.ADMIN, "cli"))
    (cut_off,) = [one for one in receipts.endings(EndingFilter(sub=user.sub)) if one.kind == "cutoff"]
    while due := core.services.outbox.lease(core.time.now, limit=9, not_for=()):
        for one in due:
            is_well = one.client_id == good.client_id
            core.services.outbox.keep(one, WELL if is_well else BADLY, core.time.now, jitter=0)
    first, second = receipts.by_site(cut_off.number)
    assert (first.client_id, first.counts) == (bad.client_id, Counts(pending=2))
    assert first.open is not None
    assert (first.open.last_error, first.open.attempts) == ("connection refused", 1)
    assert (second.client_id, second.counts, second.open) == (good.client_id, Counts(confirmed=2), None)
    # One session of it alone is told by itself.
    (one, other) = receipts.endings(EndingFilter(cause=cut_off.number))
    assert [site.counts.total for site in receipts.by_site(one.number)] == [1, 1]
    assert one.number != other.number
    with pytest.raises(NotFound):
        receipts.by_site(10**9)


def test_a_list_of_all_endings_shows_a_mass_ending_once(core: Core, receipts: Receipts, shop: Client) -> None:
    alone = end(core, shop)
    user, other = core.person(), core.person()
    for each in (user, user, other):
        sign_in(core, shop, user=each)
    list(core.services.mass_endings.end("user", user.sub, Reason.ADMIN, "cli"))
    # Not by the one path, as when it dies half-way: the courier ends the sessions, if there are any.
    for sub in (other.sub, core.person().sub):
        core.services.users.set_disabled(sub, True)
    follow(core)
    found = receipts.endings(EndingFilter(is_summed_up=True), limit=3)
    told = [(one.kind, one.sub, one.counts.total) for one in found]
    # The account that was nowhere signed in ended nothing.
    assert told == [("user", other.sub, 1), ("cutoff", user.sub, 2), ("ending", found[2].sub, 1)]
    assert found[2].number == alone
    assert len(numbers(receipts)) >= 5


def test_a_cut_off_of_a_site_has_its_receipts_by_session_in_pages(
    core: Core, receipts: Receipts, shop: Client
) -> None:
    site = core.site(backchannel_logout_uri="https://gone.example/logout")
    sids = {sign_in(core, site, shop).sid for _ in range(3)}
    list(core.services.mass_endings.end("client", site.client_id, Reason.ADMIN, "cli"))
    (cut_off,) = receipts.endings(EndingFilter(client_id=site.client_id))
    assert cut_off.counts == Counts(pending=3)
    first = receipts.of(cut_off.number, limit=2)
    rest = receipts.of(cut_off.number, after=first[-1].place)
    assert {one.sid for one in (*first, *rest)} == sids
    assert len(first) == 2


def test_a_notice_given_up_is_delivered_again_when_asked_and_that_is_audited(
    core: Core, receipts: Receipts, books: Books, shop: Client, forum: Client
) -> None:
    number = end(core, shop, forum)
    due = leased(core)
    core.services.outbox.keep(due[shop.client_id], WELL, core.time.now, jitter=0)
    for _ in range(2):
        # A day later, and again, as often as it is asked for.
        core.time.move(24 * 3600 * SECOND)
        core.services.outbox.keep(due[forum.client_id], BADLY, core.time.now, jitter=0)
        assert receipts.find(number).counts == Counts(confirmed=1, gave_up=1)
        assert receipts.deliver_again(number, actor=Actor("boss")) == 1
        due = leased(core)
        assert due.keys() == {forum.client_id}
        core.services.outbox.keep(due[forum.client_id], BADLY, core.time.now, jitter=0)
        assert receipts.find(number).counts == Counts(confirmed=1, pending=1), "it has another day"
    assert receipts.deliver_again(number, client_id=shop.client_id, actor=Actor("boss")) == 0
    assert (
        receipts.deliver_again(number, client_id=shop.client_id, actor=Actor("boss"), is_confirmed_too=True)
        == 1
    )
    assert receipts.find(number).counts == Counts(pending=2)
    audited = books.audit(tag="admin:notice:repeat", actor="boss")
    assert [row.detail["entry"] for row in audited].count(number) == 4
    with pytest.raises(NotFound):
        receipts.deliver_again(10**9, actor=Actor("boss"))


def test_the_day_that_a_notice_is_given_during_its_last_try_is_not_taken_back_by_it(
    core: Core, receipts: Receipts, shop: Client
) -> None:
    number = end(core, shop)
    core.time.move(24 * 3600 * SECOND)
    last = leased(core)[shop.client_id]
    assert receipts.deliver_again(number, actor=Actor("boss")) == 1
    core.services.outbox.keep(last, BADLY, core.time.now, jitter=0)
    assert receipts.find(number).counts == Counts(pending=1)


def test_clients_with_offline_access_are_notified_of_a_person_who_is_locked_out(
    core: Core, receipts: Receipts, books: Books
) -> None:
    site = core.site(
        grant_types=("authorization_code", "refresh_token"),
        scopes=("offline_access",),
        backchannel_logout_uri="https://offline.example/logout",
    )
    held = sign_in(core)
    core.redeem(core.code(held.cookie, site, scope=("openid", "offline_access")), site)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    core.services.administration.users.disable(Actor("boss"), held.user.sub)
    follow(core)
    (entry,) = books.journal(sub=held.user.sub, kind="user")
    (notice,) = books.notices(number=entry.number)
    assert (notice.client_id, notice.sid, notice.sub) == (site.client_id, "", held.user.sub)
    assert receipts.endings(EndingFilter(sub=held.user.sub, kinds=("user",)))[0].counts.pending == 1


def test_a_million_notices_are_no_reason_to_wait(core: Core, receipts: Receipts) -> None:
    """No query scans: each says so itself."""
    with core.services.database.read() as connection:
        for wanted in (
            EndingFilter(),
            EndingFilter(client_id="a"),
            EndingFilter(is_unconfirmed=True),
            EndingFilter(is_unconfirmed=True, client_id="a"),
            EndingFilter(sub="a"),
            EndingFilter(reason="reuse"),
            EndingFilter(cause=7),
            EndingFilter(is_summed_up=True),
        ):
            for driver in ending_filter.drivers(wanted):
                text = ending_filter.numbers(wanted, driver, 10, 50).compile(
                    connection.engine, compile_kwargs={"literal_binds": True}
                )
                plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
                assert not any("SCAN" in line for line in plan), (wanted, plan)


def test_sites_are_counted_from_an_index_alone(core: Core, receipts: Receipts) -> None:
    user = core.person()
    list(core.services.mass_endings.end("user", user.sub, Reason.ADMIN, "cli"))
    (cut_off,) = receipts.endings(EndingFilter(sub=user.sub))
    with core.services.database.read() as connection:
        text = count_notices_by_site(cut_off).compile(
            connection.engine, compile_kwargs={"literal_binds": True}
        )
        (plan,) = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    # No sorting, and no look at a row: a million notices are counted in a moment.
    assert "USING COVERING INDEX ix_notices_cause_client_id_state (cause=?)" in plan
