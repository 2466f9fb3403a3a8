"""Endings of many: the cut-off that counts at once, the walk that gives notice, and who finishes a walk."""

from collections.abc import Callable
from unittest import mock

import pytest

from sso_center.base.actor import Actor
from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards, shard_of
from sso_center.core.clients import Client
from sso_center.core.cutoffs.mass_endings import MassEndings, Reach, Scope
from sso_center.core.endings.endings import BATCH
from sso_center.core.leases import Leases
from sso_center.core.reasons import Reason
from tests.endings.conftest import Books, Held, follow, job_runner_of, sign_in
from tests.harness.core import MINUTE, SECOND, Core

MANY = BATCH + 30


@pytest.fixture(autouse=True)
def nothing_is_under_way(core: Core) -> None:
    """Do what an earlier test left to the courier, and end what counts no more without a cut-off."""
    follow_and_walk(core)
    end(core, "role", "nobody-has-it")


def end(core: Core, scope: Scope, name: str = "") -> int:
    """Walk to the end; returns how many were ended."""
    return max(core.services.mass_endings.end(scope, name, Reason.ADMIN, "cli"))


def begin(core: Core, scope: Scope, name: str = "") -> None:
    """Cut off and give the walk up."""
    assert next(core.services.mass_endings.end(scope, name, Reason.ADMIN, "cli")) == 0


def follow_and_walk(core: Core) -> int:
    followed = follow(core)
    job_runner = job_runner_of(core)
    while job_runner.step(10.0):
        pass
    return followed


def is_in(core: Core, *all_held: Held) -> list[bool]:
    return [core.services.sessions.visit(held.cookie).session is not None for held in all_held]


def is_kept(core: Core, held: Held) -> bool:
    """Say whether Redis still has the session, whatever it is worth."""
    return bool(core.record(held.sid, "session", held.sid))


def cutoff(core: Core, shard: str, kind: str, name: str) -> int:
    return int(
        core.services.redis.command(shard, "GET", core.services.redis.key(shard, f"cutoff:{kind}", name))
    )


# Whom it reaches


def test_a_logout_of_one_person_ends_all_their_sessions_and_nobody_elses(
    core: Core, books: Books, shop: Client, mute: Client
) -> None:
    first = sign_in(core, shop)
    second, other = sign_in(core, mute, user=first.user), sign_in(core, shop)
    assert end(core, "user", first.user.sub) == 2
    assert is_in(core, first, second, other) == [False, False, True]
    assert not is_kept(core, first)
    cut, *endings = books.journal(sub=first.user.sub)
    assert (cut.kind, cut.shard, cut.actor, cut.reason) == ("cutoff", first.user.shard, "cli", "admin")
    assert (cut.detail["scope"], cut.detail["name"]) == ("user", first.user.sub)
    assert {(one.kind, one.reason, one.actor) for one in endings} == {("ending", "admin", "cli")}
    assert books.told(sub=first.user.sub) == [shop.client_id]
    assert [row.actor for row in books.audit(sub=first.user.sub, tag="center:cut-off:set")] == ["cli"]


def test_more_sessions_than_one_batch_all_end(core: Core) -> None:
    user, others = core.person(), []
    for number in range(MANY):
        sign_in(core, user=user)
        if number % 3 == 0:
            others.append(sign_in(core, user=core.person()))
    assert end(core, "user", user.sub) == MANY
    assert core.services.sessions.of_user(user.sub) == []
    assert all(is_in(core, *others))


def test_a_roles_cut_off_job_works_in_batches_and_skips_nobody(core: Core) -> None:
    # All in one shard, side by side, so that what stays is passed over and what ends leaves no gap.
    first = core.person("night-shift")
    people = [first, core.person("day", shard=first.shard)]
    held = []
    for number in range(2 * MANY):
        held.append(sign_in(core, user=people[number % 2]))
        core.time.move(1)
    assert end(core, "role", "night-shift") == MANY
    assert not any(is_kept(core, one) for one in held[::2])
    assert all(is_in(core, *held[1::2]))


def test_a_logout_of_everyone_reaches_every_shard(core: Core) -> None:
    held = [sign_in(core) for _ in range(20)]
    assert end(core, "everyone") >= len(held)
    assert not any(is_kept(core, one) for one in held)
    assert core.services.sessions.count() == 0
    newcomer = sign_in(core)
    assert is_in(core, newcomer) == [True]


def test_a_cut_off_job_reaches_a_person_whom_redis_forgot(core: Core) -> None:
    held = sign_in(core, user=core.person("forgotten"))
    core.forget_copy(held.user)
    assert end(core, "role", "forgotten") == 1


# What it touches, before it does


@pytest.mark.parametrize("scope", ["user", "client", "role", "everyone"])
def test_the_reach_is_counted_and_nothing_is_changed(core: Core, shop: Client, scope: Scope) -> None:
    end(core, "everyone")
    site = core.site()
    held = sign_in(core, site, shop, user=core.person("rare"))
    second, other = sign_in(core, user=held.user), sign_in(core, shop)
    name = {"user": held.user.sub, "client": site.client_id, "role": "rare", "everyone": ""}[scope]
    expected = {"user": (1, 2, 2), "client": (1, 1, 1), "role": (1, 2, 2), "everyone": (2, 3, 2)}[scope]
    assert core.services.mass_endings.reach(scope, name) == Reach(*expected)
    assert is_in(core, held, second, other) == [True, True, True]


# A site


def test_a_logout_of_a_client_removes_it_from_every_session_and_notifies_it(
    core: Core, books: Books, forum: Client
) -> None:
    site = core.site(backchannel_logout_uri="https://site.example/logout")
    held = [sign_in(core, site, forum) for _ in range(3)]
    stranger = sign_in(core, forum)
    assert end(core, "client", site.client_id) == 3
    assert all(is_in(core, *held, stranger))
    for one in held:
        assert not core.is_alive(site, one.sid)
        assert core.is_alive(forum, one.sid)
        assert site.client_id not in core.record(one.sid, "participants", one.sid)
    (cut,) = books.journal(client_id=site.client_id)
    assert (cut.kind, cut.shard) == ("cutoff", None)
    assert sorted(row.sid for row in books.notices(number=cut.number)) == sorted(one.sid for one in held)
    assert {(row.client_id, row.sub) for row in books.notices(number=cut.number)} == {
        (site.client_id, one.user.sub) for one in held
    }


def test_a_site_that_takes_no_notices_is_taken_out_without(core: Core, books: Books, mute: Client) -> None:
    held = sign_in(core, mute)
    assert end(core, "client", mute.client_id) >= 1
    assert not core.is_alive(mute, held.sid)
    (cut,) = books.journal(client_id=mute.client_id)
    assert books.notices(number=cut.number) == []


def test_a_logout_of_an_app_leaves_no_session_of_it(core: Core, books: Books) -> None:
    app = core.site(access_token_format="app", backchannel_logout_uri="https://app.example/logout")
    held = sign_in(core, core.site())
    redeemed = core.redeem(core.code(held.cookie, app), app, device_id="phone")
    sid = redeemed.authentication.sid
    end(core, "client", app.client_id)
    assert [view.sid for view in core.services.sessions.of_user(held.user.sub)] == [held.sid]
    told = [(row.sid, row.client_id) for row in books.notices() if row.client_id == app.client_id]
    assert sorted(told) == sorted([(sid, app.client_id), (held.sid, app.client_id)])


def test_a_session_that_joined_again_after_the_clients_cut_off_keeps_it(core: Core, books: Books) -> None:
    site = core.site(backchannel_logout_uri="https://site.example/logout")
    stays, leaves = sign_in(core, site), sign_in(core, site)
    begin(core, "client", site.client_id)
    core.code(stays.cookie, site)
    follow_and_walk(core)
    assert core.is_alive(site, stays.sid)
    assert not core.is_alive(site, leaves.sid)
    (cut,) = books.journal(client_id=site.client_id)
    assert [row.sid for row in books.notices(number=cut.number)] == [leaves.sid]


def test_a_site_with_more_sessions_than_a_batch_is_taken_out_of_all(core: Core, books: Books) -> None:
    site, user = core.site(backchannel_logout_uri="https://site.example/logout"), core.person()
    held = [sign_in(core, site, user=user) for _ in range(MANY)]
    assert end(core, "client", site.client_id) == MANY
    assert not any(core.is_alive(site, one.sid) for one in held)
    (cut,) = books.journal(client_id=site.client_id)
    assert len(books.notices(number=cut.number)) == MANY


def test_a_cut_off_job_that_is_repeated_notifies_nobody_twice(core: Core, books: Books) -> None:
    site = core.site(backchannel_logout_uri="https://site.example/logout")
    sign_in(core, site)
    end(core, "client", site.client_id)
    follow_and_walk(core)
    (cut,) = books.journal(client_id=site.client_id)
    assert len(books.notices(number=cut.number)) == 1


# The cut-off


@pytest.mark.parametrize("scope", ["user", "role", "everyone"])
def test_an_abandoned_cut_off_job_counts_at_once_and_is_finished_by_the_courier(
    core: Core, books: Books, shop: Client, scope: Scope
) -> None:
    held = sign_in(core, shop, user=core.person("gone"))
    begin(core, scope, {"user": held.user.sub, "role": "gone", "everyone": ""}[scope])
    assert is_in(core, held) == [False]
    assert is_kept(core, held)
    follow_and_walk(core)
    assert not is_kept(core, held)
    (ending,) = books.journal(sid=held.sid)
    assert (ending.reason, ending.actor) == ("admin", "cli")
    assert books.told(sid=held.sid) == [shop.client_id]


def test_a_cut_off_job_that_another_finished_at_the_last_moment_keeps_its_count(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, late = job_runner_of(core), job_runner_of(core, "late")
    hold = Leases.hold

    def hold_when_the_other_is_through(leases: Leases, name: str, seconds: int) -> bool:
        monkeypatch.setattr(Leases, "hold", hold)
        while quick.step(10.0):
            pass
        quick._leases.give_back()
        return hold(leases, name, seconds)

    for _ in range(3):
        sign_in(core, user=core.person("finished"))
    entry = core.services.mass_endings.cut_off("role", "finished", Reason.ADMIN, "cli")
    monkeypatch.setattr(Leases, "hold", hold_when_the_other_is_through)
    try:
        assert not late.step(10.0)
    finally:
        late._leases.give_back()
    walk = core.services.cutoff_jobs.find(entry.number)
    assert walk is not None
    assert (walk.is_finished, walk.ended) == (True, 3)


def test_a_cut_off_counts_before_it_is_recorded(core: Core) -> None:
    held = sign_in(core)
    away = Unavailable(detail="sql: gone")
    with (
        mock.patch.object(type(core.services.entries), "record_other", side_effect=away),
        pytest.raises(Unavailable),
    ):
        begin(core, "user", held.user.sub)
    assert is_in(core, held) == [False]


def test_all_shards_get_the_latest_of_their_cut_offs(core: Core) -> None:
    core.time.move(MINUTE)
    ahead = sign_in(core, user=core.person("late"))
    core.time.move(-MINUTE)
    try:
        begin(core, "role", "late")
        assert is_in(core, ahead) == [False]
        assert {cutoff(core, shard, "role", "late") for shard in all_shards()} == {core.time.now + MINUTE}
    finally:
        core.time.move(MINUTE)


def test_an_older_cut_off_that_is_applied_late_does_not_replace_a_newer_one(core: Core) -> None:
    user = core.person()
    begin(core, "user", user.sub)
    entry = core.services.entries.unapplied(1000)[-1]
    core.time.move(SECOND)
    between = sign_in(core, user=user)
    begin(core, "user", user.sub)
    newer = cutoff(core, user.shard, "user", user.sub)
    core.services.applier.apply(entry)
    assert cutoff(core, user.shard, "user", user.sub) == newer
    assert is_in(core, between) == [False]


def test_a_session_issued_after_another_hosts_cut_off_counts(core: Core) -> None:
    # The host that set it is ahead: its cut-off is of an instant that is still to come here.
    user = core.person()
    core.time.move(MINUTE)
    before = sign_in(core, user=user)
    begin(core, "role", "none-has-it")
    core.time.move(-MINUTE)
    try:
        after = sign_in(core, user=user)
        assert is_in(core, before, after) == [True, True]
        end(core, "user", user.sub)
        again = sign_in(core, user=user)
        assert is_in(core, before, after, again) == [False, False, True]
    finally:
        core.time.move(MINUTE)


def test_a_cut_off_that_is_recorded_and_lost_by_redis_counts_again_when_applied(core: Core) -> None:
    held = sign_in(core, user=core.person())
    begin(core, "user", held.user.sub)
    entry = core.services.entries.unapplied(1000)[-1]
    shard = held.user.shard
    core.hot.lose(shard, "cutoff:user", held.user.sub)
    core.services.redis.command(shard, "HSET", f"sso:{{{shard}}}:shard", "cutoff", 0)
    assert is_in(core, held) == [True]
    core.services.applier.apply(entry)
    assert is_in(core, held) == [False]


# Accounts


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda core, sub: core.services.users.set_password(sub, "another good password"), "password_change"),
        (lambda core, sub: core.services.users.set_disabled(sub, True), "disabled"),
    ],
    ids=["password", "disabled"],
)
def test_a_changed_account_ends_its_sessions_by_the_courier(
    core: Core, books: Books, shop: Client, change: Callable[[Core, str], object], reason: str
) -> None:
    follow_and_walk(core)
    held = sign_in(core, shop)
    change(core, held.user.sub)
    follow_and_walk(core)
    assert not is_kept(core, held)
    assert [one.reason for one in books.journal(sid=held.sid)] == [reason]
    assert books.told(sid=held.sid) == [shop.client_id]


def test_a_change_that_redis_missed_reaches_it_by_the_courier(core: Core) -> None:
    held = sign_in(core)
    old = core.record(held.user.shard, "user", held.user.sub)
    core.services.users.update(held.user.sub, roles=("boss",))
    # The write that follows the commit was lost.
    core.hot.overwrite(held.user.shard, "user", held.user.sub, old)
    follow_and_walk(core)
    session = core.services.sessions.visit(held.cookie).session
    assert session is not None
    assert session.user.roles == ("boss",)
    assert core.record(held.user.shard, "user", held.user.sub)["roles"] == "|boss|"


# Positions


def test_the_courier_marks_how_far_each_shard_is(core: Core) -> None:
    follow_and_walk(core)
    held = sign_in(core)
    ending = core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert ending is not None
    elsewhere = next(shard for shard in all_shards() if shard != held.user.shard)
    before = core.services.redis.marker(elsewhere).position
    follow_and_walk(core)
    assert core.services.redis.marker(held.user.shard).position == ending.number
    assert core.services.redis.marker(elsewhere).position == before
    begin(core, "everyone")
    follow_and_walk(core)
    positions = {core.services.redis.marker(shard).position for shard in all_shards()}
    assert min(positions) >= ending.number + 1


def test_a_mark_never_moves_backwards_nor_on_a_shard_that_is_not_trusted(core: Core) -> None:
    entries = []
    for _ in range(2):
        held = sign_in(core)
        core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
        entries.append(core.services.entries.unapplied(1000)[-1])
    follow_and_walk(core)
    for entry in reversed(entries):
        core.services.applier.mark(entry)
    last = entries[-1]
    assert last.shard is not None
    assert shard_of(last.sub) == last.shard
    assert core.services.redis.marker(last.shard).position == last.number

    core.hot.come_back(last.shard)
    core.services.applier.mark(last)
    assert core.services.redis.marker(last.shard).position == 0


@pytest.mark.parametrize("is_courier_quicker", [True, False])
def test_endings_say_who_changed_the_account_and_are_found_by_it_whoever_ends_them(
    core: Core, books: Books, shop: Client, monkeypatch: pytest.MonkeyPatch, *, is_courier_quicker: bool
) -> None:
    held = sign_in(core, shop)
    if is_courier_quicker:
        monkeypatch.setattr(MassEndings, "end_voided_sessions", lambda *_: follow(core))
    core.services.administration.users.disable(Actor("boss"), held.user.sub)
    (change,) = books.journal(sub=held.user.sub, kind="user")
    (ending,) = books.journal(sid=held.sid)
    (notice,) = books.notices(sid=held.sid)
    assert (ending.actor, ending.cause) == ("boss", change.number)
    assert notice.cause == change.number
