"""Whether a session counts: one answer for cookie, token, code and question, and each reason for a no."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete

from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Outcome
from sso_center.core.sessions.record import Visit
from sso_center.core.users import User
from sso_center.storage.schema import users
from tests.harness.core import HOUR, MINUTE, SECOND, Core, request_of
from tests.sessions.conftest import ABSOLUTE, IDLE, Held, sign_in


def visit(core: Core, held: Held) -> Visit:
    return core.services.sessions.visit(held.cookie)


def assert_counts(core: Core, held: Held) -> None:
    assert visit(core, held).outcome is Outcome.ALIVE
    assert core.is_alive(held.client, held.sid)
    assert core.services.tokens.find_active(held.token) is not None
    assert [view.sid for view in core.services.sessions.of_user(held.user.sub)] == [held.sid]


def assert_counts_for_nothing(core: Core, held: Held, outcome: Outcome = Outcome.ENDED) -> None:
    assert visit(core, held).outcome is outcome
    assert visit(core, held).session is None
    issued = core.services.grants.issue(held.cookie, request_of(held.client))
    assert (issued.code, issued.visit.outcome) == (None, outcome)
    assert not core.is_alive(held.client, held.sid)
    assert core.services.tokens.find_active(held.token) is None
    with pytest.raises(GrantRefused):
        core.redeem(held.code, held.client)
    assert core.services.sessions.of_user(held.user.sub) == []


def test_a_living_session_counts(core: Core, held: Held) -> None:
    assert_counts(core, held)
    assert core.redeem(held.code, held.client).authentication.sid == held.sid


# Time


def test_a_session_lasts_as_long_as_it_may_lie_idle_and_no_millisecond_more(core: Core, held: Held) -> None:
    core.time.move(IDLE * SECOND - 1)
    # A look that is no use: listing does not touch.
    assert [view.sid for view in core.services.sessions.of_user(held.user.sub)] == [held.sid]
    core.time.move(1)
    assert_counts_for_nothing(core, held, Outcome.EXPIRED)


@pytest.mark.parametrize("how", ["cookie", "check"])
def test_use_prolongs_a_session(core: Core, held: Held, how: str) -> None:
    for _ in range(3):
        core.time.move(IDLE * SECOND - 1)
        used = core.is_alive(held.client, held.sid) if how == "check" else visit(core, held).session
        assert used


def test_a_token_in_use_prolongs_nothing(core: Core, held: Held) -> None:
    core.time.move(5 * MINUTE)
    assert core.services.tokens.find_active(held.token) is not None
    core.time.move(IDLE * SECOND - 5 * MINUTE)
    assert_counts_for_nothing(core, held, Outcome.EXPIRED)


def test_no_use_prolongs_a_session_beyond_its_end(core: Core, held: Held) -> None:
    for _ in range(ABSOLUTE * SECOND // HOUR - 1):
        core.time.move(HOUR)
        assert core.is_alive(held.client, held.sid)
    core.time.move(HOUR - 1)
    assert core.is_alive(held.client, held.sid)
    core.time.move(1)
    assert visit(core, held).outcome is Outcome.EXPIRED
    assert not core.is_alive(held.client, held.sid)


def test_use_is_noted_at_most_once_a_minute(core: Core, held: Held) -> None:
    before = core.record(held.sid, "session", held.sid)
    core.time.move(MINUTE - 1)
    visit(core, held)
    assert core.record(held.sid, "session", held.sid) == before
    core.time.move(1)
    visit(core, held)
    assert core.record(held.sid, "session", held.sid)["seen"] == str(core.time.now)


def test_the_sweeps_index_says_which_of_the_two_deadlines_comes_first(core: Core, held: Held) -> None:
    def indexed() -> int:
        return int(core.hot.place_in(held.user.shard, "deadlines", held.sid) or 0)

    opened = core.time.now
    assert indexed() == opened + IDLE * SECOND
    core.time.move(HOUR)
    visit(core, held)
    assert indexed() == core.time.now + IDLE * SECOND
    for _ in range(10):
        core.time.move(HOUR)
        assert core.is_alive(held.client, held.sid)
    assert indexed() == opened + ABSOLUTE * SECOND


# The session


def test_a_session_that_is_closed_counts_no_more_though_nothing_is_recorded_yet(
    core: Core, held: Held
) -> None:
    core.close_unrecorded(held.sid)
    assert_counts_for_nothing(core, held)


def test_an_ended_session_counts_for_nothing(core: Core, held: Held) -> None:
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "test")
    assert_counts_for_nothing(core, held)


# The person


def test_a_session_opened_with_other_credentials_counts_no_more(core: Core, held: Held) -> None:
    core.show_copy(held.user, epoch=held.user.epoch + 1)
    assert_counts_for_nothing(core, held)


def test_a_session_of_a_disabled_account_counts_no_more(core: Core, held: Held) -> None:
    core.show_copy(held.user, is_disabled=True)
    assert_counts_for_nothing(core, held)


def test_a_changed_role_counts_at_the_next_request_and_ends_no_session(core: Core, held: Held) -> None:
    core.services.users.update(held.user.sub, roles=(*held.user.roles, "boss"))
    session = visit(core, held).session
    assert session is not None
    assert "boss" in session.user.roles
    active = core.services.tokens.find_active(held.token)
    assert active is not None
    assert active.user == session.user


@pytest.mark.parametrize(
    "read",
    [
        lambda core, held: visit(core, held).session,
        lambda core, held: core.code(held.cookie, held.client),
        lambda core, held: core.redeem(held.code, held.client),
        lambda core, held: core.services.tokens.find_active(held.token),
        lambda core, held: core.is_alive(held.client, held.sid),
        lambda core, held: core.services.endings.leave(held.sid, held.client.client_id, "test"),
        lambda core, held: core.services.sessions.of_user(held.user.sub),
    ],
    ids=["visit", "issue", "redeem", "find_active", "check", "leave", "list"],
)
def test_a_copy_of_the_person_that_redis_lost_is_fetched_again(
    core: Core, held: Held, read: Callable[[Core, Held], object]
) -> None:
    core.forget_copy(held.user)
    assert read(core, held)


def test_a_session_of_a_person_who_was_removed_counts_no_more(core: Core, held: Held) -> None:
    remove(core, held.user)
    assert visit(core, held).outcome is Outcome.ENDED
    assert core.services.grants.issue(held.cookie, request_of(held.client)).code is None
    assert core.services.tokens.find_active(held.token) is None
    with pytest.raises(GrantRefused):
        core.redeem(held.code, held.client)


def test_a_question_that_names_a_session_of_a_removed_person_is_answered_for_the_others(
    core: Core, held: Held
) -> None:
    others = []
    while len(others) < 3:
        user = core.person(shard=held.user.shard)
        opened = core.open(user)
        core.token(opened.cookie, held.client)
        others.append(opened.session.sid)
    remove(core, held.user)
    answer = core.services.endings.check(held.client.client_id, [others[0], held.sid, *others[1:]])
    assert answer == {held.sid: False} | dict.fromkeys(others, True)


def remove(core: Core, user: User) -> None:
    with core.services.database.write() as connection:
        connection.execute(delete(users).where(users.c.sub == user.sub))
    core.forget_copy(user)


# Cut-offs, set and not yet walked. The clock stands: what they void is of their very millisecond.


def cut_off(core: Core, scope: str, name: str) -> None:
    next(core.services.mass_endings.end(scope, name, Reason.ADMIN, "test"))  # type: ignore[arg-type]


def test_a_cut_off_for_everyone_voids_what_was_opened_before(core: Core, held: Held) -> None:
    cut_off(core, "everyone", "")
    assert_counts_for_nothing(core, held)


def test_a_cut_off_for_a_person_voids_what_was_opened_before(core: Core, held: Held, site) -> None:  # type: ignore[no-untyped-def]
    other = sign_in(core, site)
    cut_off(core, "user", held.user.sub)
    assert_counts_for_nothing(core, held)
    assert_counts(core, other)


@pytest.mark.parametrize("role", ["staff", "night"])
def test_a_cut_off_for_a_role_voids_what_was_opened_before(core: Core, held: Held, site, role: str) -> None:  # type: ignore[no-untyped-def]
    other = sign_in(core, site, "nightshift", "sta")
    cut_off(core, "role", role)
    assert_counts_for_nothing(core, held)
    assert_counts(core, other)


@pytest.mark.parametrize("scope", ["everyone", "user", "role"])
def test_a_session_opened_in_the_millisecond_of_a_cut_off_lives(core: Core, held: Held, scope: str) -> None:
    cut_off(core, scope, {"everyone": "", "user": held.user.sub, "role": "staff"}[scope])
    opened = core.open(held.user)
    assert core.services.sessions.visit(opened.cookie).outcome is Outcome.ALIVE


def test_a_cut_off_of_a_host_whose_clock_is_behind_voids_what_was_opened_before(
    core: Core, held: Held
) -> None:
    core.time.move(-MINUTE)
    try:
        cut_off(core, "user", held.user.sub)
        assert_counts_for_nothing(core, held)
    finally:
        core.time.move(MINUTE)


def test_a_session_opened_after_a_cut_off_at_a_host_with_a_slow_clock_lives(core: Core, held: Held) -> None:
    cut_off(core, "user", held.user.sub)
    core.time.move(-MINUTE)
    try:
        opened = core.open(held.user)
        assert core.services.sessions.visit(opened.cookie).outcome is Outcome.ALIVE
    finally:
        core.time.move(MINUTE)


def test_a_cut_off_for_a_site_voids_what_it_holds_and_leaves_the_session(core: Core, held: Held) -> None:
    forum = core.site()
    at_forum = core.token(held.cookie, forum)
    cut_off(core, "client", held.client.client_id)

    assert visit(core, held).outcome is Outcome.ALIVE
    assert not core.is_alive(held.client, held.sid)
    assert core.services.tokens.find_active(held.token) is None
    with pytest.raises(GrantRefused):
        core.redeem(held.code, held.client)
    assert core.is_alive(forum, held.sid)
    assert core.services.tokens.find_active(at_forum) is not None


def test_a_site_that_was_cut_off_joins_anew_by_the_next_grant(core: Core, held: Held) -> None:
    cut_off(core, "client", held.client.client_id)
    token = core.token(held.cookie, held.client)
    assert core.is_alive(held.client, held.sid)
    assert core.services.tokens.find_active(token) is not None
    assert core.services.tokens.find_active(held.token) is None


def test_the_first_tokens_of_a_site_still_count_after_it_got_more(core: Core, held: Held) -> None:
    core.time.move(MINUTE)
    core.token(held.cookie, held.client)
    assert core.services.tokens.find_active(held.token) is not None


def test_a_site_that_never_joined_is_told_nothing(core: Core, held: Held) -> None:
    stranger = core.site()
    assert not core.is_alive(stranger, held.sid)
    before = core.record(held.sid, "session", held.sid)
    core.time.move(MINUTE)
    assert not core.is_alive(stranger, held.sid)
    assert core.record(held.sid, "session", held.sid) == before, "asking in vain is no use"
