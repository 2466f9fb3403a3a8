"""A chain under every history hypothesis thinks of: honest browser or app, thief, lost answers and writes.

The model below is written from the rules, not from the script: a token is its generation and the
nonce it was made with, a store is what was last advanced. The real server must agree at every step.
What refresh tokens do besides is in tests/tokens/test_histories.py.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sso_center.core.chains.token import ChainToken
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.users import User
from sso_center.services import Services
from tests.chains.devices import REDIRECT, App, Browser
from tests.harness.core import HOUR, MINUTE, Time
from tests.harness.rounds import rounds

HISTORIES = {"browser": 900, "app": 300, "strict app": 400}
"""How many in `make prove`; a fourth in `make test`."""
VERDICTS = ("current", "successor", "overlap", "reuse", "rollback", "unknown")


@dataclass(frozen=True)
class Cookie:
    """What somebody holds. `line` is the nonce it was made with: lost writes make two of one generation."""

    text: str
    generation: int
    line: int


@dataclass(frozen=True)
class Store:
    """What the chain should be."""

    generation: int
    line: int
    successor_line: int
    born: int
    previous: tuple[int, int] | None = None
    previous_until: int = 0
    is_strict: bool = False
    told: int | None = None
    past: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    def judge(self, cookie: Cookie, now: int) -> str:
        name = (cookie.generation, cookie.line)
        if cookie.generation > self.generation + 1:
            return "rollback"
        if cookie.generation == self.generation + 1:
            return "successor" if cookie.line == self.successor_line else "unknown"
        if name == (self.generation, self.line):
            is_late = self.is_strict and self.told is not None and now > self.told + MINUTE
            return "reuse" if is_late else "current"
        if name == self.previous:
            return "overlap" if now <= self.previous_until else "reuse"
        return "reuse" if name in self.past else "unknown"


def history_of(
    services: Services, time: Time, new_device: Callable[[], Browser], seen: Counter[str]
) -> type[RuleBasedStateMachine]:
    class History(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.phone = new_device()
            self.is_refused_plainly = isinstance(self.phone, App)
            self.jar = Cookie(self.phone.cookie, 1, 0)
            self.before, self.changed_at = self.jar, 0
            self.told_at: int | None = None
            self.stolen: Cookie | None = None
            self.lines = 1
            self.store = Store(1, 0, 1, time.now, is_strict=self.phone.is_strict)
            self.snapshots = [(self.store, self.phone.record())]
            self.thief_came = self.store_lost = self.is_over = False

        def present(self, cookie: Cookie) -> Cookie | None:
            """Use a cookie, compare the server with the model, return the successor it was told."""
            expected = self.store.judge(cookie, time.now)
            shown = self.phone.show(cookie.text)
            if self.is_over:
                assert shown.verdict == "refused"
                return None
            seen[expected] += 1
            self.compare(expected, shown.verdict)
            if expected == "reuse":
                assert self.thief_came, "the honest were called thieves"
                services.endings.end_session(self.phone.sid, Reason.REUSE, CENTER)
                self.is_over = True
            if expected == "successor":
                self._advance(cookie)
            is_due = expected == "current" and time.now - self.store.born >= 2 * HOUR
            assert bool(shown.successor) is is_due
            if shown.successor is None:
                return None
            if self.store.told is None:
                self.store = replace(self.store, told=time.now)
                if self.store.is_strict:
                    self.snapshots.append((self.store, self.phone.record()))
            return Cookie(shown.successor, cookie.generation + 1, self.store.successor_line)

        def compare(self, expected: str, verdict: str) -> None:
            if expected in ("rollback", "unknown") and self.is_refused_plainly:
                expected = "refused"
            served = ("current", "successor", "overlap")
            assert verdict == ("alive" if expected in served else expected), self.store

        def _advance(self, cookie: Cookie) -> None:
            self.lines += 1
            old = (self.store.generation, self.store.line)
            until = time.now + MINUTE
            if self.store.is_strict and self.store.told is not None:
                until = self.store.told + MINUTE
            self.store = Store(
                generation=cookie.generation,
                line=cookie.line,
                successor_line=self.lines,
                born=time.now,
                previous=old,
                previous_until=until,
                is_strict=self.store.is_strict,
                past=self.store.past | {old},
            )
            self.snapshots.append((self.store, self.phone.record()))

        def honest(self, cookie: Cookie, *, is_lost: bool) -> None:
            if self.is_too_late(cookie):
                return
            told = self.present(cookie)
            if told is not None and self.told_at is None:
                self.told_at = time.now
            if told is not None and not is_lost:
                self.changed_at = (self.told_at or time.now) if self.store.is_strict else time.now
                self.before, self.jar, self.told_at = self.jar, told, None

        def is_too_late(self, cookie: Cookie) -> bool:
            """Say whether a strict client was told a minute ago and did not get it: it must sign in again."""
            is_told = cookie == self.jar and self.told_at is not None
            return self.phone.is_strict and is_told and time.now > self.told_at + MINUTE

        @rule(is_lost=st.booleans())
        def the_browser_asks(self, is_lost: bool) -> None:
            self.honest(self.jar, is_lost=is_lost)
            if not (self.thief_came or self.store_lost or self.is_too_late(self.jar)):
                self.honest(self.jar, is_lost=True)
                assert not self.is_over

        @rule(answers=st.lists(st.booleans(), min_size=2, max_size=6))
        def the_browser_asks_in_parallel(self, answers: list[bool]) -> None:
            cookie = self.jar
            for is_lost in answers:
                self.honest(cookie, is_lost=is_lost)

        @precondition(lambda self: time.now - self.changed_at <= MINUTE)
        @rule()
        def a_request_under_way_arrives_with_the_old_cookie(self) -> None:
            self.present(self.before)

        @rule(wait=st.sampled_from([1, 30_000, MINUTE, MINUTE + 1, HOUR, 2 * HOUR, 30 * HOUR]))
        def time_passes(self, wait: int) -> None:
            time.move(wait)

        @rule(times=st.integers(1, 3))
        def hours_of_use_pass(self, times: int) -> None:
            for _ in range(times):
                time.move(2 * HOUR)
                self.honest(self.jar, is_lost=False)
                self.honest(self.jar, is_lost=False)

        @rule()
        def a_thief_copies_the_cookie(self) -> None:
            self.stolen = self.jar

        @precondition(lambda self: self.stolen is not None)
        @rule(is_patient=st.booleans())
        def the_thief_asks(self, is_patient: bool) -> None:
            assert self.stolen is not None
            self.thief_came = True
            told = self.present(self.stolen)
            if told is not None and is_patient:
                self.stolen = told

        @rule(ahead=st.integers(-2, 1))
        def somebody_with_the_signing_key_guesses(self, ahead: int) -> None:
            generation = max(1, self.store.generation + ahead)
            guess = self.phone.signer().dumps(ChainToken(self.phone.token().chain_id, generation, "a guess"))
            self.present(Cookie(guess, generation, -1))

        @precondition(lambda self: len(self.snapshots) > 1 and not self.is_over)
        @rule(writes=st.integers(1, 3))
        def the_store_loses_writes(self, writes: int) -> None:
            self.store_lost = True
            kept = max(1, len(self.snapshots) - writes)
            self.snapshots = self.snapshots[:kept]
            self.store, record = self.snapshots[-1]
            self.phone.restore(record)
            # Numbers of lines stay unique: what is advanced anew has another nonce.
            self.store = replace(self.store)

        @invariant()
        def honest_browsers_stay_signed_in(self) -> None:
            if not (self.thief_came or self.store_lost):
                assert not self.is_over

    return History


@pytest.fixture
def new_device(services: Services, user: User, request: pytest.FixtureRequest) -> Callable[[], Browser]:
    if request.param == "browser":
        return lambda: Browser(services, user)
    name = f"app-{request.param[:6].strip()}"
    client, _ = services.clients.add(
        name, redirect_uris=(REDIRECT,), access_token_format="app", is_strict=request.param == "strict app"
    )
    return lambda: App(services, user, client)


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
@pytest.mark.parametrize(
    ("new_device", "histories"), HISTORIES.items(), indirect=["new_device"], ids=HISTORIES
)
def test_no_history_signs_out_the_honest_or_lets_a_reuse_pass(
    services: Services, time: Time, new_device: Callable[[], Browser], histories: int
) -> None:
    seen: Counter[str] = Counter()
    share = rounds(histories, share=4)
    run_state_machine_as_test(
        history_of(services, time, new_device, seen),
        settings=settings(
            max_examples=share,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    # Histories that never come to a corner prove nothing of it; a share of them may miss one by chance.
    for verdict in VERDICTS if share == histories else ():
        assert seen[verdict] > histories // 60, seen
