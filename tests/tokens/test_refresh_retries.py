"""A refresh token that is used again: an answer that was lost, a request under way, or a copy."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sso_center.core.grants import GrantRefused
from sso_center.core.tokens import ReusedToken
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core
from tests.tokens.conftest import Holder, hold


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_of_fifty_parallel_uses_all_get_the_same_answer(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    token = holder.refresh_token
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: holder.refresh(token), range(50)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.access_token for answer in answers}) == 1
    assert holder.counts(answers[0].access_token)


def test_late_parallel_refreshes_get_the_answer_of_the_first(opaque: Holder) -> None:
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
    assert opaque.core.services.tokens.find_revocable(told.access_token) is not None
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


def test_a_used_refresh_token_gets_its_old_answer_for_ten_seconds_after_the_successors_first_use(
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
