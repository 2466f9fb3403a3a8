"""The steps of an ending, one by one: what each does, and what is left to do when a crash comes after it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.journal.entries import ClosedSession
from sso_center.core.journal_rows import CHANNEL
from sso_center.core.notices import NewNotice
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import Outcome
from sso_center.core.upkeep import Sweep
from sso_center.core.upkeep.sweep import UNFINISHED_AFTER
from tests.endings.conftest import Books, Held, follow, sign_in
from tests.harness.core import MINUTE, SECOND, Core, core_in
from tests.harness.waiting import eventually


def keys_of(core: Core, held: Held) -> dict[str, bool]:
    """Say what Redis still holds of a session."""
    kept = core.hot.kept(held.sid)
    indexes = ("deadlines", "closed", f"user-sessions:{held.user.sub}")
    return {
        **{kind: kind in kept for kind in ("session", "participants", "denied")},
        "chain": "chain" in core.hot.kept(held.chain_id),
        **{name: core.hot.place_in(held.user.shard, name, held.sid) is not None for name in indexes},
    }


def sweep(core: Core) -> int:
    return Sweep(
        core.services.redis, core.services.endings, core.services.revoker, core.services.clock
    ).sweep()


def works(call: Callable[[], object]) -> bool:
    try:
        call()
    except Unavailable:
        return False
    return True


# 0. Close


def test_a_closed_session_keeps_its_first_ending_and_lets_nobody_in(
    core: Core, books: Books, shop: Client, forum: Client
) -> None:
    held, at = sign_in(core, shop, forum), core.time.now
    core.close_unrecorded(held.sid, reason=Reason.LOGOUT, actor="me")
    assert books.journal(sid=held.sid) == []
    assert core.services.sessions.visit(held.cookie).outcome is Outcome.ENDED
    core.time.move(SECOND)
    ending = core.services.endings.end_session(held.sid, Reason.ADMIN, "somebody")
    assert ending is not None
    assert (ending.reason, ending.actor, ending.at) == (Reason.LOGOUT, "me", at)
    assert ending.participants == tuple(sorted([shop.client_id, forum.client_id]))


def test_an_id_of_no_session_closes_nothing(core: Core) -> None:
    for sid in ("", "zz-nothing", "00-nothing"):
        assert core.services.endings.end_session(sid, Reason.ADMIN, "cli") is None


# 1. Record


def test_an_ending_is_recorded_with_its_reason_its_actor_and_whom_to_tell(
    core: Core, books: Books, shop: Client, forum: Client, mute: Client
) -> None:
    held = sign_in(core, shop, forum, mute)
    ending = core.services.endings.end_session(held.sid, Reason.ADMIN, "cli")
    assert ending is not None
    (entry,) = books.journal(sid=held.sid)
    assert (entry.kind, entry.reason, entry.actor) == ("ending", "admin", "cli")
    assert (entry.number, entry.sub, entry.shard) == (ending.number, held.user.sub, held.user.shard)
    assert (ending.reason, ending.actor, ending.at) == (Reason.ADMIN, "cli", core.time.now)
    assert ending.participants == tuple(sorted([shop.client_id, forum.client_id, mute.client_id]))

    told = books.notices(number=entry.number)
    assert sorted(row.client_id for row in told) == sorted([shop.client_id, forum.client_id])
    assert {(row.sid, row.sub, row.state, row.attempts) for row in told} == {
        (held.sid, held.user.sub, "pending", 0)
    }
    (audited,) = books.audit(sid=held.sid, tag="center:session:end")
    assert (audited.sub, audited.actor, audited.detail["reason"]) == (held.user.sub, "cli", "admin")


def test_a_session_that_many_end_at_once_ends_once(core: Core, books: Books, shop: Client) -> None:
    held = sign_in(core, shop)
    with ThreadPoolExecutor(12) as pool:
        endings = list(
            pool.map(
                lambda n: core.services.endings.end_session(held.sid, Reason.LOGOUT, f"actor-{n}"), range(12)
            )
        )
    known = [ending for ending in endings if ending is not None]
    assert len({(ending.number, ending.actor) for ending in known}) == 1
    assert len(books.journal(sid=held.sid)) == 1
    assert books.told(sid=held.sid) == [shop.client_id]
    assert len(books.audit(sid=held.sid, tag="center:session:end")) == 1


def test_an_api_that_the_tokens_of_a_participant_are_for_is_told_too(core: Core, books: Books) -> None:
    api = core.site(backchannel_logout_uri="https://api.example/sso/backchannel-logout")
    deaf = core.site()
    audience = (api.client_id, deaf.client_id, "nobody-registered")
    held = sign_in(core, core.site(audiences=audience))
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert books.told(sid=held.sid) == [api.client_id]


def test_sessions_of_different_shards_can_be_ended_together(core: Core, books: Books, shop: Client) -> None:
    users = [core.person(shard=shard) for shard in ("05", "2a", "05")]
    sids = [sign_in(core, shop, user=user).sid for user in users]
    endings = core.services.endings.end_sessions(sids, Reason.ADMIN, "me")
    assert sorted(one.sid for one in endings) == sorted(sids)
    for sid in sids:
        (entry,) = books.journal(sid=sid)
        assert entry.shard == sid[:2]


def test_recording_the_same_ending_again_gives_its_number_and_no_second_notice(
    core: Core, books: Books, shop: Client
) -> None:
    held = sign_in(core, shop)
    closed = ClosedSession(
        held.sid, "the-id", "logout", "me", core.time.now, held.user.sub, (shop.client_id,)
    )
    entries, told = core.services.entries, {shop.client_id: (shop,)}
    (first,) = entries.record([closed], held.user.shard, told)
    (again,) = entries.record([closed], held.user.shard, told)
    assert again == first
    assert len(books.notices(sid=held.sid)) == 1
    assert len(books.audit(sid=held.sid, tag="center:session:end")) == 1
    entries.add_notices(
        first.number, [NewNotice(shop.client_id, held.sid, held.user.sub, "oidc")], core.time.now
    )
    assert len(books.notices(sid=held.sid)) == 1


def test_the_sweep_finishes_what_somebody_closed_and_died(core: Core, books: Books, shop: Client) -> None:
    held = sign_in(core, shop)
    core.close_unrecorded(held.sid, reason=Reason.PASSWORD_CHANGE)
    # Whoever is ending it has a moment to finish.
    closed_at = core.time.now
    core.time.move(UNFINISHED_AFTER - 1)
    sweep(core)
    assert books.journal(sid=held.sid) == []
    core.time.move(1)
    sweep(core)
    (entry,) = books.journal(sid=held.sid)
    assert (entry.reason, entry.actor, entry.at) == ("password_change", "me", closed_at)
    assert books.told(sid=held.sid) == [shop.client_id]
    assert keys_of(core, held) == {**dict.fromkeys(keys_of(core, held), False), "denied": True}
    assert sweep(core) == 0, "nothing is left to do"


# 2. Apply


def test_only_the_denial_of_an_ended_sessions_sid_stays_in_redis(core: Core, shop: Client) -> None:
    held = sign_in(core, shop)
    assert keys_of(core, held) == {
        **dict.fromkeys(keys_of(core, held), True),
        "closed": False,
        "denied": False,
    }
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert keys_of(core, held) == {**dict.fromkeys(keys_of(core, held), False), "denied": True}
    # As long as a token of it may live, and a minute for clocks that differ.
    assert 10 * MINUTE < core.hot.kept(held.sid)["denied"] <= 11 * MINUTE


def test_an_ending_counts_though_redis_dies_as_soon_as_it_is_recorded(tmp_path: Path) -> None:
    with core_in(tmp_path) as core:
        held = sign_in(core)
        embedded = core.services.redis.embedded
        assert embedded is not None
        event.listen(core.services.database.engine, "commit", lambda _: embedded.stop(), once=True)
        ending = core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
        assert ending is not None
        assert ending.reason == Reason.LOGOUT

        embedded.ensure_running()
        eventually(lambda: works(core.services.redis.check), what="the store's return")
        assert core.services.sessions.visit(held.cookie).outcome is Outcome.ENDED
        assert keys_of(core, held)["denied"]


def test_an_entry_recorded_but_not_applied_is_applied_by_the_courier(core: Core, shop: Client) -> None:
    held = sign_in(core, shop)
    follow(core)
    at = core.time.now
    closed = ClosedSession(
        held.sid, f"{held.sid}:crash", "logout", "me", at, held.user.sub, (shop.client_id,)
    )
    core.services.entries.record([closed], held.user.shard, {})
    assert core.services.sessions.visit(held.cookie).session is not None
    assert follow(core) == 1
    assert core.services.sessions.visit(held.cookie).session is None
    assert follow(core) == 0


# 3. Publish


def test_the_number_of_a_new_entry_is_published_to_every_process(core: Core) -> None:
    heard: list[str] = []
    listening = core.services.redis.listen(CHANNEL, idle=30)
    assert next(listening) is None

    def listen() -> None:
        heard.extend(str(next(listening)) for _ in range(2))

    thread = threading.Thread(target=listen)
    thread.start()
    held = sign_in(core)
    ending = core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    assert ending is not None
    core.services.revoker.revoke_family(f"{held.user.shard}family", sub=held.user.sub, client_id="x")
    thread.join(60)
    assert heard == [str(ending.number), str(ending.number + 1)]


# Other taking-back


def test_a_family_is_taken_back_once_and_recorded(core: Core, books: Books, shop: Client) -> None:
    held = sign_in(core)
    code = core.code(held.cookie, shop)
    token = core.redeem(code, shop).access_token
    family = f"{held.user.shard}the-family"
    for _ in range(2):
        core.services.revoker.revoke_family(family, sub=held.user.sub, client_id=shop.client_id)
    (entry,) = books.journal(sub=held.user.sub, kind="revocation")
    assert (entry.detail, entry.actor, entry.shard) == (
        {"families": [family]},
        CENTER,
        held.user.shard,
    )
    assert (entry.reason, entry.client_id) == ("replay", shop.client_id)
    assert len(books.audit(sub=held.user.sub, tag="center:family:revoke")) == 1
    # Nothing but that family.
    assert core.services.tokens.find_active(token) is not None


def test_a_site_is_left_once_it_is_recorded(core: Core, books: Books, shop: Client, forum: Client) -> None:
    held = sign_in(core, shop, forum)
    with books.away(), pytest.raises(Unavailable):
        core.services.endings.leave(held.sid, shop.client_id, "me")
    assert core.is_alive(shop, held.sid)
    assert core.services.endings.leave(held.sid, shop.client_id, "me")
    assert not core.is_alive(shop, held.sid)
    assert core.is_alive(forum, held.sid)
    (entry,) = books.journal(sid=held.sid)
    assert (entry.kind, entry.client_id, entry.actor) == ("leave", shop.client_id, "me")
    assert books.told(number=entry.number) == [shop.client_id]
    assert [row.client_id for row in books.audit(sid=held.sid, tag="center:client:leave")] == [shop.client_id]


def test_a_site_that_is_opened_again_is_not_taken_out_when_the_courier_comes_to_it(
    core: Core, shop: Client
) -> None:
    held = sign_in(core, shop)
    core.services.endings.leave(held.sid, shop.client_id, "me")
    core.code(held.cookie, shop)
    follow(core)
    assert core.is_alive(shop, held.sid)


def test_leaving_a_session_that_was_not_joined_or_has_ended_does_nothing(
    core: Core, books: Books, shop: Client, mute: Client
) -> None:
    held = sign_in(core, shop)
    assert not core.services.endings.leave(held.sid, mute.client_id, "me")
    assert not core.services.endings.leave("zz", shop.client_id, "me")
    core.close_unrecorded(held.sid)
    assert not core.services.endings.leave(held.sid, shop.client_id, "me")
    assert books.journal(sid=held.sid) == []


def test_leaving_a_site_that_takes_no_notices_gives_none(core: Core, books: Books, mute: Client) -> None:
    held = sign_in(core, mute)
    assert core.services.endings.leave(held.sid, mute.client_id, "me")
    assert books.notices(sid=held.sid) == []
