"""Opening a session: what a login makes new, what it keeps, and what is kept of it in Redis."""

from dataclasses import replace

import pytest

from sso_center.base.errors import Conflict
from sso_center.base.secrets import new_id
from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Outcome
from sso_center.core.sessions.sessions import MAX_USER_AGENT
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core
from tests.sessions.conftest import ABSOLUTE, REMEMBERED, Held

# The same person again


def test_a_new_login_of_the_same_person_keeps_the_sid_and_the_sites(core: Core, held: Held) -> None:
    again = core.open(held.user, previous=held.cookie)
    assert again.session.sid == held.sid
    assert again.replaced is None
    assert core.is_alive(held.client, held.sid)
    assert len(core.services.sessions.of_user(held.user.sub)) == 1


def test_a_cookie_of_before_the_login_opens_nothing_after_it(core: Core, held: Held) -> None:
    again = core.open(held.user, previous=held.cookie)
    visit = core.services.sessions.visit(held.cookie)
    assert (visit.outcome, visit.session, visit.reason) == (Outcome.ENDED, None, Reason.REPLACED)
    assert core.services.sessions.visit(again.cookie).outcome is Outcome.ALIVE


def test_a_new_login_is_the_time_of_the_login_and_begins_the_session_anew(core: Core, held: Held) -> None:
    core.time.move(HOUR)
    again = core.open(held.user, previous=held.cookie)
    visited = core.services.sessions.visit(again.cookie).session
    assert visited is not None
    assert visited.auth_time == again.session.auth_time >= core.time.now
    assert visited.deadline == again.session.deadline == core.time.now + ABSOLUTE * SECOND


def test_a_login_after_the_session_ended_opens_another(core: Core, held: Held) -> None:
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "test")
    again = core.open(held.user, previous=held.cookie)
    assert again.session.sid != held.sid
    assert again.replaced is None


# Somebody else


def test_a_login_of_another_person_opens_another_session_and_names_the_one_it_replaces(
    core: Core, held: Held
) -> None:
    other = core.open(core.person(shard=held.user.shard), previous=held.cookie)
    assert other.session.sid != held.sid
    assert other.replaced == held.sid
    # To end it is the caller's business.
    assert core.services.sessions.visit(held.cookie).outcome is Outcome.ALIVE


@pytest.mark.parametrize("earlier", ["of another person", "closed", "expired", "cut off", "unknown"])
def test_a_login_brings_back_no_dead_session_and_takes_over_nobody_elses(
    core: Core, held: Held, earlier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A session that is alive when it is looked at may die before it is taken over.
    looked_at = core.services.sessions.visit(held.cookie)
    assert looked_at.session is not None
    if earlier == "of another person":
        stranger = core.open(core.person(shard=held.user.shard)).session
        looked_at = replace(looked_at, session=replace(looked_at.session, sid=stranger.sid))
    if earlier == "unknown":
        looked_at = replace(looked_at, session=replace(looked_at.session, sid=new_id(held.user.shard)))
    if earlier == "closed":
        core.close_unrecorded(held.sid)
    if earlier == "expired":
        core.time.move(ABSOLUTE * SECOND)
    if earlier == "cut off":
        next(core.services.mass_endings.end("user", held.user.sub, Reason.ADMIN, "test"))
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(core.services.sessions, "visit", lambda _: looked_at)
        opened = core.open(held.user, previous=held.cookie)
    assert opened.session.sid not in (held.sid, looked_at.session.sid)
    assert core.services.sessions.visit(opened.cookie).outcome is Outcome.ALIVE


# The account


def test_an_account_that_changed_since_the_password_was_checked_is_not_let_in(core: Core, held: Held) -> None:
    core.show_copy(held.user, epoch=held.user.epoch + 1)
    with pytest.raises(Conflict):
        core.open(held.user)


def test_an_account_that_was_disabled_since_is_not_let_in(core: Core, held: Held) -> None:
    core.show_copy(held.user, is_disabled=True)
    with pytest.raises(Conflict):
        core.open(held.user)


def test_a_copy_of_the_person_that_redis_lost_is_fetched_again(core: Core, held: Held) -> None:
    core.forget_copy(held.user)
    assert core.open(held.user).session.sub == held.user.sub


# How long


def test_a_remembered_session_lasts_its_ninety_days_unused(core: Core) -> None:
    opened = core.open(core.person(), remember=True)
    core.time.move(REMEMBERED * SECOND - 1)
    assert [view.sid for view in core.services.sessions.of_user(opened.session.sub)] == [opened.session.sid]
    core.time.move(1)
    assert core.services.sessions.visit(opened.cookie).outcome is Outcome.EXPIRED


def test_the_keys_of_a_session_outlive_it_by_a_week(core: Core, site: Client) -> None:
    user = core.person()
    first = core.open(user)
    core.token(first.cookie, site)
    again = core.open(user, previous=first.cookie, remember=True)
    sid = again.session.sid
    left = {**core.hot.kept(sid), **core.hot.kept(again.session.chain_id)}
    assert {"session", "participants", "chain"} <= set(left)
    kept = REMEMBERED * SECOND + 7 * DAY
    assert all(kept - MINUTE < one <= kept for one in left.values()), left


# What is kept


def test_a_browser_may_call_itself_what_it_likes_but_not_at_length(core: Core) -> None:
    user = core.person()
    core.services.sessions.open(
        user, remember=False, amr=("pwd",), user_agent="x" * 5000, address="", previous=None
    )
    (view,) = core.services.sessions.of_user(user.sub)
    assert len(view.user_agent) == MAX_USER_AGENT


def test_redis_holds_no_cookie_code_or_token(core: Core, held: Held) -> None:
    everything = []
    redis = core.services.redis
    for key in redis.scan(f"sso:{{{held.user.shard}}}:*"):
        everything.append(key)
        if redis.command(held.user.shard, "TYPE", key) == "hash":
            everything += redis.command(held.user.shard, "HGETALL", key)
    for secret in (held.cookie, held.cookie.split(".")[2], held.token, held.code):
        assert not [text for text in everything if secret in text]


def test_no_key_of_a_session_stays_for_ever(core: Core, held: Held) -> None:
    core.redeem(held.code, held.client)
    core.open(held.user, previous=held.cookie)
    core.services.endings.leave(held.sid, held.client.client_id, "test")
    for scope, name in (
        ("user", held.user.sub),
        ("role", "staff"),
        ("client", held.client.client_id),
        ("everyone", ""),
    ):
        for _ in core.services.mass_endings.end(scope, name, Reason.ADMIN, "test"):  # type: ignore[arg-type]
            pass
    assert list(core.services.redis.keys_without_expiry()) == []
