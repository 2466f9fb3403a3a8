"""Taking back against refreshing and redeeming, raced for real: after the reply nothing that was given works.

The store is one server and each script one step, so what is raced here is what lies around the steps: threads
with connections of their own, as workers have them. tests/guarantees runs the same over HTTP.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import Redeemed
from sso_center.core.users import User
from tests.harness.core import Core
from tests.harness.rounds import rounds
from tests.tokens.conftest import REFRESHING, Holder

T = TypeVar("T")

ROUNDS = rounds(225, share=5)
"""Of each race, for each form of access token; tests/guarantees adds those over HTTP, 500 together."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as running:
        yield running


@pytest.fixture(scope="module")
def user(core: Core) -> User:
    return core.person()


@pytest.fixture(params=["opaque", "jwt"])
def new_holder(core: Core, user: User, request: pytest.FixtureRequest) -> Callable[[], Holder]:
    """Make holders of what one login gave: `new_holder()`."""
    client = core.site(access_token_format=request.param, grant_types=REFRESHING, id_token_alg="ES256")

    def sign_in() -> Holder:
        first = core.redeem(core.code(core.open(user).cookie, client), client)
        assert first.refresh_token is not None
        return Holder(core, user, client, first, first.refresh_token)

    return sign_in


HEAD_STARTS = (0, 0, 0, 0.0002, 0.001, 0.004)
"""Seconds by which some are later than others, so that each of them is the first now and then."""


def race(pool: ThreadPoolExecutor, *runners: Callable[[], T]) -> list[T]:
    """Let all run at once, or nearly so, and return what they return."""
    gate = threading.Barrier(len(runners))

    def run(runner: Callable[[], T]) -> T:
        gate.wait()
        time.sleep(random.choice(HEAD_STARTS))
        return runner()

    return [running.result() for running in [pool.submit(run, runner) for runner in runners]]


def refresh_until_refused(holder: Holder) -> list[Redeemed]:
    """Go on refreshing and return every answer; of two that do one may fall behind, and is refused."""
    token, answers = holder.refresh_token, []
    while True:
        try:
            answers.append(holder.refresh(token))
        except GrantRefused:
            return answers
        token = answers[-1].refresh_token


def nothing_works(holder: Holder, answers: list[Redeemed]) -> None:
    for answer in answers:
        assert not holder.counts(answer.access_token)
    for token in (holder.refresh_token, *(answer.refresh_token for answer in answers[-3:])):
        assert not holder.counts(token)
        with pytest.raises(GrantRefused):
            holder.refresh(token)


@pytest.mark.prove
def test_refreshes_against_the_revocation(new_holder: Callable[[], Holder], pool: ThreadPoolExecutor) -> None:
    refreshed = 0
    for _ in range(ROUNDS):
        holder = new_holder()
        family = holder.family()

        def revoke(holder: Holder = holder, family: str = family) -> list[Redeemed]:
            holder.core.services.revoker.revoke_family(
                family, sub=holder.user.sub, client_id=holder.client.client_id, reason=Reason.REVOKED
            )
            with pytest.raises(GrantRefused):  # after the reply, whatever is under way
                holder.refresh(holder.refresh_token)
            return []

        _, *answers = race(pool, revoke, *[lambda h=holder: refresh_until_refused(h)] * 2)
        nothing_works(holder, [*answers[0], *answers[1]])
        refreshed += bool(answers[0] or answers[1])
    # Rounds in which nothing was refreshed were no race.
    assert refreshed > ROUNDS // 10


@pytest.mark.prove
def test_refreshes_against_the_logout(new_holder: Callable[[], Holder], pool: ThreadPoolExecutor) -> None:
    refreshed = 0
    for _ in range(ROUNDS):
        holder = new_holder()

        def log_out(holder: Holder = holder) -> list[Redeemed]:
            assert holder.first.authentication.sid is not None
            holder.core.services.endings.end_session(
                holder.first.authentication.sid, Reason.LOGOUT, holder.user.sub
            )
            with pytest.raises(GrantRefused):
                holder.refresh(holder.refresh_token)
            assert not holder.counts(holder.first.access_token)
            return []

        _, *answers = race(pool, log_out, *[lambda h=holder: refresh_until_refused(h)] * 2)
        nothing_works(holder, [*answers[0], *answers[1]])
        refreshed += bool(answers[0] or answers[1])
    assert refreshed > ROUNDS // 10


@pytest.mark.prove
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_redemptions_against_the_logout(core: Core, user: User, pool: ThreadPoolExecutor, form: str) -> None:
    client = core.site(access_token_format=form, grant_types=REFRESHING, id_token_alg="ES256")
    given = refused = 0
    for _ in range(ROUNDS):
        opened = core.open(user)
        code = core.code(opened.cookie, client)

        def redeem(code: str = code) -> Redeemed | None:
            try:
                return core.redeem(code, client)
            except GrantRefused:
                return None

        def log_out(sid: str = opened.session.sid) -> None:
            core.services.endings.end_session(sid, Reason.LOGOUT, CENTER)

        redeemed, _ = race(pool, redeem, log_out)
        if redeemed is None:
            refused += 1
            continue
        given += 1
        assert redeemed.refresh_token is not None
        holder = Holder(core, user, client, redeemed, redeemed.refresh_token)
        assert not holder.counts(redeemed.access_token)
        nothing_works(holder, [])
    assert given > ROUNDS // 50
    assert refused > ROUNDS // 50


def test_of_fifty_parallel_first_uses_of_an_app_tokens_successor_one_advances(core: Core, user: User) -> None:
    client = core.site(access_token_format="app")
    first = core.redeem(core.code(core.open(user).cookie, client), client).access_token
    tokens = core.services.tokens
    with ThreadPoolExecutor(50) as pool:
        for _ in range(3):
            core.time.move(2 * 3_600_000)
            told = list(pool.map(lambda _, t=first: tokens.find_active(t, asker=client), range(50)))
            assert all(found is not None for found in told)
            (successor,) = {found.successor for found in told if found}
            assert successor is not None
            used = list(pool.map(lambda _, t=successor: tokens.find_active(t, asker=client), range(50)))
            assert {found.successor for found in used if found} == {None}
            assert len([found for found in used if found]) == 50
            first = successor
    assert int(first.split(".")[1]) == 4
