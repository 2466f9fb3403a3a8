"""Refresh tokens rotate at every use: each rule, on the real server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sso_center.core.endings import CENTER, Reason
from sso_center.core.grants import GrantRefused
from sso_center.core.tokens import ReusedToken, ScopeRefused
from sso_center.core.tokens.access import AccessTokens
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core, core_in
from tests.tokens.conftest import Holder, hold


def test_a_spent_refresh_token_alone_does_not_yield_the_access_token_that_it_gave(
    opaque: Holder, tmp_path: Path
) -> None:
    spent = opaque.refresh_token
    given = opaque.refresh().access_token
    shard, secret = given[:2], spent.split(".")[2]

    def made_with(core: Core) -> str:
        access = AccessTokens(core.services.keys, core.services.settings.issuer)
        return access.candidate(opaque.client, shard, secret)[0]

    assert made_with(opaque.core) == given
    with core_in(tmp_path) as elsewhere:
        assert made_with(elsewhere) != given


def test_each_use_gives_another_refresh_token_and_access_token(opaque: Holder) -> None:
    told = [opaque.refresh() for _ in range(5)]
    assert len({one.refresh_token for one in told}) == 5
    assert len({one.access_token for one in told}) == 5
    assert all(opaque.counts(one.access_token) for one in told)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_of_fifty_parallel_uses_all_get_the_same_answer(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    token = holder.refresh_token
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: holder.refresh(token), range(50)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.access_token for answer in answers}) == 1
    assert holder.counts(answers[0].access_token)


def test_those_who_ask_late_beside_one_who_was_answered_get_that_answer_too(opaque: Holder) -> None:
    opaque.refresh(opaque.refresh_token)
    opaque.core.time.move(30 * DAY)
    late = opaque.refresh(opaque.refresh_token)
    # One process of the client uses what it got; another asked at the same moment and comes a little later.
    assert opaque.counts(late.access_token)
    opaque.core.time.move(10 * MINUTE)
    assert opaque.refresh(opaque.refresh_token).access_token == late.access_token
    opaque.core.time.move(1)
    with pytest.raises(ReusedToken):
        opaque.refresh()


def test_an_access_token_that_comes_too_late_shows_as_well_that_it_arrived(opaque: Holder) -> None:
    told = opaque.refresh(opaque.refresh_token)
    opaque.core.time.move(10 * MINUTE + 1)
    assert not opaque.counts(told.access_token)
    with pytest.raises(ReusedToken):
        opaque.refresh()


def test_a_successor_that_is_asked_about_shows_that_it_arrived(opaque: Holder) -> None:
    told = opaque.refresh(opaque.refresh_token)
    assert opaque.counts(told.refresh_token)
    opaque.core.time.move(10 * MINUTE + 1)
    with pytest.raises(ReusedToken):
        opaque.refresh()


def test_an_access_token_that_was_given_back_is_not_brought_back_by_a_late_retry(opaque: Holder) -> None:
    told = opaque.refresh(opaque.refresh_token)
    assert opaque.core.services.tokens.find_given(told.access_token) is not None
    opaque.core.time.move(10 * MINUTE + 1)
    with pytest.raises(ReusedToken):
        opaque.refresh()


def test_a_refresh_token_is_active_while_it_would_be_answered(opaque: Holder) -> None:
    old = opaque.refresh_token
    assert opaque.counts(old)
    told = opaque.refresh()
    assert opaque.counts(old)
    assert opaque.counts(told.refresh_token)
    opaque.refresh()
    assert opaque.counts(old)
    opaque.core.time.move(10 * SECOND + 1)
    assert not opaque.counts(old)
    # Asking harms nobody: only its use is a theft.
    assert opaque.counts(opaque.refresh_token)
    assert opaque.refresh()


def test_a_client_that_changes_to_signed_tokens_has_their_window_from_then_on(core: Core) -> None:
    holder = hold(core)
    holder.refresh()
    jwt = core.services.clients.update(holder.client.client_id, access_token_format="jwt")
    holder.client = jwt
    holder.refresh(holder.refresh_token)
    core.time.move(10 * MINUTE + 1)
    with pytest.raises(ReusedToken):
        holder.refresh()


@pytest.mark.parametrize("is_used", [False, True])
def test_an_answer_of_before_a_client_changed_to_opaque_tokens_is_given_again_with_one_that_counts(
    core: Core, *, is_used: bool
) -> None:
    holder = hold(core, access_token_format="jwt")
    first = holder.refresh_token
    signed = holder.refresh()
    holder.client = core.services.clients.update(holder.client.client_id, access_token_format="opaque")
    if is_used:
        holder.refresh()
    again = holder.refresh(first)
    assert again.refresh_token == signed.refresh_token
    assert holder.counts(again.access_token)
    found = [core.services.tokens.find_active(token) for token in (signed.access_token, again.access_token)]
    assert len({one and one.jti for one in found}) == 1  # one token in two forms, taken back together


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_retry_after_the_end_of_an_access_token_that_was_seen_does_not_revive_it(
    core: Core, form: str
) -> None:
    holder = hold(core, access_token_format=form, refresh_retry_window=HOUR // SECOND)
    told = holder.refresh(holder.refresh_token)
    assert holder.counts(told.access_token)
    core.time.move(10 * MINUTE)
    again = holder.refresh()
    assert (again.access_token, again.refresh_token) == (told.access_token, told.refresh_token)
    assert again.expires_in == 0
    assert not holder.counts(again.access_token)
    assert holder.counts(holder.refresh().access_token)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_old_answer_given_again_brings_no_voided_access_token_back(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    old = holder.refresh_token
    before, newest = holder.refresh(), holder.refresh()
    core.show_copy(holder.user, access_epoch=1)
    assert holder.refresh(old).access_token == before.access_token
    assert not holder.counts(before.access_token)
    assert not holder.counts(newest.access_token)
    assert holder.counts(holder.refresh().access_token)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_answer_that_never_arrived_is_given_again_with_what_counts(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    holder.refresh(holder.refresh_token)
    core.show_copy(holder.user, access_epoch=1)
    assert holder.counts(holder.refresh().access_token)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_lost_answer_is_given_again_for_ten_minutes(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    lost = holder.refresh(holder.refresh_token)
    holder.counts(lost.access_token)
    core.time.move(10 * MINUTE - SECOND)
    again = holder.refresh()
    assert (again.refresh_token, again.access_token) == (lost.refresh_token, lost.access_token)
    assert holder.refresh() != again


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_retry_prolongs_nothing(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    lost = holder.refresh(holder.refresh_token)
    core.time.move(9 * MINUTE)
    again = holder.refresh(holder.refresh_token)
    assert (again.access_token, again.expires_in) == (lost.access_token, 60)
    # Until it ends, in the very last moment of the window.
    core.time.move(MINUTE)
    anew = holder.refresh(holder.refresh_token)
    assert (anew.refresh_token, anew.expires_in) == (lost.refresh_token, 600)
    assert holder.counts(anew.access_token)


def test_an_opaque_answer_that_never_arrived_is_given_again_for_as_long_as_it_takes(opaque: Holder) -> None:
    lost = opaque.refresh(opaque.refresh_token)
    opaque.core.time.move(30 * DAY)
    again = opaque.refresh()
    assert again.refresh_token == lost.refresh_token
    assert again.expires_in == 600
    assert opaque.counts(again.access_token)


def test_an_answer_whose_access_token_was_used_is_not_given_again_later(opaque: Holder) -> None:
    told = opaque.refresh(opaque.refresh_token)
    assert opaque.counts(told.access_token)
    opaque.core.time.move(10 * MINUTE + 1)
    with pytest.raises(ReusedToken):
        opaque.refresh()


def test_a_signed_answer_is_not_given_again_after_its_window_since_nobody_sees_its_use(
    signed: Holder,
) -> None:
    signed.refresh(signed.refresh_token)
    signed.core.time.move(10 * MINUTE + 1)
    with pytest.raises(ReusedToken):
        signed.refresh()


def test_the_window_is_the_clients_choice(core: Core) -> None:
    holder = hold(core, access_token_format="jwt", refresh_retry_window=0)
    holder.refresh(holder.refresh_token)
    core.time.move(1)
    with pytest.raises(ReusedToken):
        holder.refresh()


def test_after_the_successors_first_use_the_old_one_gets_its_old_answer_for_ten_seconds(
    opaque: Holder,
) -> None:
    old = opaque.refresh_token
    first = opaque.refresh()
    opaque.refresh()
    opaque.core.time.move(10 * SECOND)
    assert opaque.refresh(old).access_token == first.access_token
    opaque.core.time.move(1)
    with pytest.raises(ReusedToken) as reused:
        opaque.refresh(old)
    assert reused.value.family == opaque.family()


def test_a_reuse_found_ends_the_family_once_the_caller_says_so(opaque: Holder) -> None:
    old = opaque.refresh_token
    opaque.refresh()
    newest = opaque.refresh()
    opaque.core.time.move(HOUR)
    with pytest.raises(ReusedToken) as reused:
        opaque.refresh(old)
    endings, family = opaque.core.services.endings, reused.value
    endings.revoke_family(family.family, sub=family.sub, client_id=family.client_id, reason=Reason.REUSE)
    assert not opaque.counts(newest.access_token)
    assert not opaque.counts(newest.refresh_token)
    with pytest.raises(GrantRefused):
        opaque.refresh()


def test_strict_counts_a_minute_from_the_first_telling(core: Core) -> None:
    holder = hold(core, is_strict=True)
    told = holder.refresh(holder.refresh_token)
    core.time.move(MINUTE)
    assert holder.refresh(holder.refresh_token).refresh_token == told.refresh_token
    core.time.move(1)
    with pytest.raises(ReusedToken):
        holder.refresh()


def test_strict_counts_it_anew_for_every_token(core: Core) -> None:
    holder = hold(core, is_strict=True)
    for _ in range(3):
        core.time.move(HOUR)
        holder.refresh()
    holder.refresh(holder.refresh_token)
    core.time.move(MINUTE + 1)
    with pytest.raises(ReusedToken):
        holder.refresh()


def test_scope_can_be_narrowed_and_never_widened(opaque: Holder) -> None:
    narrow = opaque.refresh(scope=("openid",))
    assert narrow.scope == ("openid",)
    found = opaque.core.services.tokens.find_active(narrow.access_token)
    assert found is not None
    assert found.scope == ("openid",)
    # What was narrowed is one access token; the grant is as wide as it was.
    assert opaque.refresh().scope == ("openid", "profile", "email")
    with pytest.raises(ScopeRefused):
        opaque.refresh(scope=("openid", "offline_access"))
    # Nothing was told: the token is as good as before.
    assert opaque.refresh().refresh_token


def test_a_retry_gets_the_same_access_token_whatever_scope_it_asks_for(opaque: Holder) -> None:
    wide = opaque.refresh(opaque.refresh_token)
    assert opaque.refresh(opaque.refresh_token, scope=("openid",)) == wide


def test_another_client_is_refused_and_harms_nothing(opaque: Holder) -> None:
    old = opaque.refresh_token
    opaque.refresh()
    thief = opaque.core.site(grant_types=("authorization_code", "refresh_token"))
    for token in (old, opaque.refresh_token):
        with pytest.raises(GrantRefused) as refused:
            opaque.core.services.tokens.refresh(token, client=thief, scope=None)
        assert refused.value.reason == "wrong_client"
    assert opaque.refresh()


def test_without_offline_access_it_ends_with_the_session(opaque: Holder) -> None:
    told = opaque.refresh()
    assert opaque.first.authentication.sid is not None
    opaque.core.services.endings.end_session(opaque.first.authentication.sid, Reason.LOGOUT, CENTER)
    assert not opaque.counts(told.access_token)
    with pytest.raises(GrantRefused):
        opaque.refresh()


def test_with_offline_access_it_outlives_the_session_and_what_came_of_the_login_does_not(core: Core) -> None:
    holder = hold(core, scope=("openid", "offline_access"))
    assert holder.first.authentication.sid is not None
    core.services.endings.end_session(holder.first.authentication.sid, Reason.LOGOUT, CENTER)
    assert not holder.counts(holder.first.access_token)
    told = holder.refresh()
    assert told.authentication.sid is None
    assert told.authentication.auth_time == holder.first.authentication.auth_time
    assert holder.counts(told.access_token)


def test_an_offline_family_lives_as_long_as_its_client_says(core: Core) -> None:
    holder = hold(core, scope=("openid", "offline_access"), refresh_token_lifetime=DAY // SECOND)
    core.time.move(DAY - 1)
    holder.refresh()
    core.time.move(1)
    with pytest.raises(GrantRefused) as refused:
        holder.refresh()
    assert refused.value.reason == "expired"


@pytest.mark.parametrize("scope", ["user", "role", "client", "everyone"])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_cut_off_ends_offline_tokens_too_and_not_what_is_issued_after_it(
    core: Core, scope: str, form: str
) -> None:
    user, client = (
        core.person("staff"),
        core.site(
            grant_types=("authorization_code", "refresh_token"),
            scopes=("offline_access",),
            access_token_format=form,
        ),
    )

    def login() -> Holder:
        code = core.code(core.open(user).cookie, client, scope=("openid", "offline_access"))
        first = core.redeem(code, client)
        assert first.refresh_token is not None
        return Holder(core, user, client, first, first.refresh_token)

    before = login()
    old = before.refresh()
    name = {"user": user.sub, "role": "staff", "client": client.client_id, "everyone": ""}[scope]
    next(core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    assert not before.counts(old.access_token)
    with pytest.raises(GrantRefused):
        before.refresh()
    # The clock has not moved: what is issued in the same millisecond after it counts.
    after = login()
    assert after.counts(after.first.access_token)
    assert after.counts(after.refresh().access_token)


def test_a_forged_or_foreign_token_is_refused(opaque: Holder) -> None:
    token = opaque.refresh_token
    chain, generation, secret, signature = token.split(".")
    for bad in (
        "",
        "x",
        token[:-1],
        f"{chain}.{int(generation) + 1}.{secret}.{signature}",
        opaque.first.access_token,
        token + "é",
    ):
        with pytest.raises(GrantRefused):
            opaque.refresh(bad or "x")
    assert opaque.refresh()


def test_a_store_that_lost_one_telling_takes_the_successor_all_the_same(opaque: Holder) -> None:
    old, saved = opaque.refresh_token, opaque.saved()
    opaque.refresh()
    opaque.restore(saved)
    assert opaque.counts(opaque.refresh().access_token)
    # The old answer is lost for good, which makes nobody a thief.
    with pytest.raises(GrantRefused) as refused:
        opaque.refresh(old)
    assert refused.value.reason == "rollback"
    assert opaque.refresh()


def test_a_token_ahead_of_a_store_that_lost_writes_is_refused_and_ends_nothing(opaque: Holder) -> None:
    saved = opaque.saved()
    opaque.refresh()
    opaque.refresh()
    opaque.refresh()
    opaque.restore(saved)
    with pytest.raises(GrantRefused) as refused:
        opaque.refresh()
    assert refused.value.reason == "rollback"
    assert opaque.refresh(opaque.first.refresh_token)
