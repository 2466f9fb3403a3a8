"""A refresh token under every history hypothesis thinks of: honest client, thief, lost answers and writes.

The server must agree at every step with tests/tokens/rules.py, which knows the rules and not the scripts.
A center that is killed between its store and its reply is an answer that is lost; tests/guarantees runs
that for real.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sso_center.base.secrets import hashed
from sso_center.core.chains.token import ChainSigner, ChainToken
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import Redeemed, ReusedToken, ScopeRefused
from sso_center.core.users import User
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core
from tests.harness.rounds import rounds
from tests.tokens.conftest import REFRESHING, Holder, Records
from tests.tokens.rules import ANSWERED, Access, Answer, Family, Held, Kind

HISTORIES, STEPS = 450, 25
"""How many in `make prove`, and a fourth in `make test`; how long each."""

KINDS = (
    Kind(is_signed=False, is_strict=False, is_offline=False, window=10 * MINUTE),
    Kind(is_signed=False, is_strict=False, is_offline=True, window=MINUTE),
    Kind(is_signed=False, is_strict=True, is_offline=False, window=10 * MINUTE),
    Kind(is_signed=True, is_strict=False, is_offline=True, window=10 * MINUTE),
    Kind(is_signed=True, is_strict=False, is_offline=False, window=HOUR),
    Kind(is_signed=True, is_strict=True, is_offline=True, window=10 * MINUTE),
)
WAITS = (
    1,
    9 * SECOND,
    10 * SECOND + 1,
    MINUTE,
    MINUTE + 1,
    9 * MINUTE,
    10 * MINUTE,
    10 * MINUTE + 1,
    HOUR,
    DAY,
)
LONG = (DAY, 10 * MINUTE + 1, MINUTE + 1, 10 * SECOND + 1)
REUSES = ("past", "strict", "window", "seen", "under way")
CORNERS = (*ANSWERED, "rollback", "unknown", "good", "dead", "over", *(f"reuse:{why}" for why in REUSES))
WIDE = ("openid", "offline_access")

READ = "local all = {} for i, key in ipairs(KEYS) do all[i] = redis.call('HGETALL', key) end return all"

Snapshot = tuple[Family, dict[str, Access], Records]


@dataclass
class World:
    """What the histories share; `seen` counts what came to pass."""

    core: Core
    user: User
    clients: dict[Kind, Client]
    stranger: Client
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> int:
        return self.core.time.now

    def void_access_tokens(self) -> None:
        self.user = self.core.show_copy(self.user, access_epoch=self.user.access_epoch + 1)


def history_of(world: World) -> type[RuleBasedStateMachine]:
    core, tokens = world.core, world.core.services.tokens
    endings, revoker = core.services.endings, core.services.revoker
    redis = core.services.redis

    class History(RuleBasedStateMachine):
        kind: Kind

        @initialize(kind=st.sampled_from(KINDS))
        def somebody_signs_in(self, kind: Kind) -> None:
            self.kind = kind
            self.sign_in()

        def sign_in(self) -> None:
            scope = WIDE if self.kind.is_offline else ("openid",)
            client = world.clients[self.kind]
            self.sid = (opened := core.open(world.user)).session.sid
            first = core.redeem(core.code(opened.cookie, client, scope=scope), client)
            assert first.refresh_token is not None
            self.holder = Holder(core, world.user, client, first, first.refresh_token)
            self.name, self.scope = self.holder.family(), scope
            self.family, self.lines = Family(self.kind), 1
            self.jar = self.before = Held(first.refresh_token, 1, 0)
            self.asked_at: int | None = None
            self.before_asked_at = 0
            self.access: Access | None = None
            self.given: dict[str, Access] = {}
            self.denied: set[int] = set()
            self.stolen: Held | None = None
            self.thiefs: Access | None = None
            self.thief_came = self.store_lost = False
            self.snapshots: list[Snapshot] = []
            self.remember()

        # What is presented, and what must come of it

        def present(self, held: Held, scope: tuple[str, ...] | None = None) -> Answer | None:
            """Use a token, compare the server with the rules, and return the answer."""
            expected = self.family.judge(held, world.now)
            world.seen[expected] += 1
            got = self.asked(held, scope)
            if isinstance(got, ReusedToken):
                assert expected.startswith("reuse"), (expected, held, self.family)
                assert self.thief_came, "an honest client was called a thief"
                revoker.revoke_family(got.family, sub=got.sub, client_id=got.client_id)
                self.nothing_is_left()
                return None
            if isinstance(got, GrantRefused):
                assert got.reason == expected, (held, self.family)
                return None
            assert expected in ANSWERED, (expected, held, self.family)
            return self.check(expected, held, got, scope or self.scope, world.now)

        def asked(self, held: Held, scope: tuple[str, ...] | None) -> Redeemed | GrantRefused:
            try:
                return tokens.refresh(held.text, client=self.holder.client, scope=scope)
            except GrantRefused as refused:
                return refused

        def check(
            self, expected: str, held: Held, got: Redeemed, scope: tuple[str, ...], now: int
        ) -> Answer | None:
            if expected == "successor":
                self.lines += 1
                self.family = self.family.advance(held, now, next_line=self.lines)
            if expected in ("first", "successor"):
                successor = Held(got.refresh_token, held.generation + 1, self.family.next_line)
                # A store that forgot what it issued issues it again.
                assert got.access_token not in self.given or self.store_lost, "issued twice"
                assert (got.scope, got.expires_in) == (scope, 600)
                self.family = self.family.tell(Answer(successor, self.issued(got, held)), now)
                self.remember()
                return self.family.answer
            answer = self.family.answer_before if expected == "again" else self.family.answer
            assert answer is not None
            assert got.refresh_token == answer.successor.text
            if expected != "again" and self.family.is_renewed(now, world.user.access_epoch):
                assert (got.access_token == answer.access.text) is not self.kind.is_signed
                answer = Answer(answer.successor, self.issued(got, held))
                self.family = replace(self.family, answer=answer)
                self.remember()
            assert got.access_token == answer.access.text
            if expected == "late":
                self.family = replace(self.family, told=now)
                self.remember()
            return answer

        def issued(self, got: Redeemed, held: Held) -> Access:
            deadline = world.now + 10 * MINUTE
            made = Access(got.access_token, held.generation, deadline, world.user.access_epoch)
            self.given[made.text] = made
            return made

        def use(self, access: Access | None) -> None:
            """Show an access token to the center, as an API does that asks about it."""
            if access is None:
                return
            known = self.given.get(access.text)
            is_good = (
                known is not None
                and known.is_good(world.now, world.user.access_epoch, is_signed=self.kind.is_signed)
                and access.number not in self.denied
            )
            assert self.holder.counts(access.text) is is_good, (access, known, self.family)
            world.seen["good" if is_good else "dead"] += 1
            is_readable = known is not None and (
                not self.kind.is_signed or world.now < known.deadline // SECOND * SECOND
            )
            if is_readable:
                self.family = self.family.saw(access)
                self.remember()

        def nothing_is_left(self) -> None:
            """Whoever holds whatever of the family has nothing; the honest sign in anew."""
            for held in (
                self.jar,
                self.before,
                self.stolen,
                self.family.answer and self.family.answer.successor,
            ):
                if held is not None:
                    with pytest.raises(GrantRefused) as refused:
                        self.holder.refresh(held.text)
                    assert not isinstance(refused.value, ReusedToken)
            assert not any(self.holder.counts(text) for text in [*self.given, self.jar.text])
            world.seen["over"] += 1
            self.sign_in()

        # The honest

        def is_promised(self) -> bool:
            """Say whether the rules let the honest client ask (again) now: all by its own memory."""
            if self.asked_at is None:
                return True
            since = world.now - self.asked_at
            if self.kind.is_strict and since > MINUTE:
                return False
            return not self.kind.is_signed or since <= self.kind.window

        def ask(self, *, is_lost: bool, scope: tuple[str, ...] | None = None) -> None:
            if not self.is_promised():
                self.sign_in()
            jar, family = self.jar, self.name
            if self.asked_at is None:
                self.asked_at = world.now
            answer = self.present(jar, scope)
            if self.name != family:
                return
            if answer is None:
                assert self.thief_came or self.store_lost, "an honest client was signed out"
                self.sign_in()
            elif not is_lost and self.jar is jar:
                self.before, self.jar, self.access = jar, answer.successor, answer.access
                self.before_asked_at, self.asked_at = self.asked_at, None

        @rule(is_lost=st.booleans(), is_narrow=st.booleans())
        def the_client_refreshes(self, is_lost: bool, is_narrow: bool) -> None:
            self.ask(is_lost=is_lost, scope=("openid",) if is_narrow else None)

        @rule(answers=st.lists(st.booleans(), min_size=2, max_size=4))
        def the_client_refreshes_in_parallel(self, answers: list[bool]) -> None:
            jar, family = self.jar, self.name
            for is_lost in answers:
                if self.name == family and self.jar is jar:
                    self.ask(is_lost=is_lost)
                elif self.name == family:
                    self.present(jar)

        @rule(wait=st.sampled_from((0, 1, 10 * SECOND)))
        def a_request_under_way_arrives_with_the_old_token(self, wait: int) -> None:
            family = self.name
            self.ask(is_lost=False)
            old, sent_at, asked_at = self.before, world.now, self.before_asked_at
            self.ask(is_lost=True)
            core.time.move(wait)
            is_late = self.kind.is_strict and world.now - asked_at > MINUTE
            if (
                self.name == family
                and self.before is old
                and world.now - sent_at <= 10 * SECOND
                and not is_late
            ):
                self.present(old)

        @rule(wait=st.sampled_from((0, 0, HOUR)), times=st.integers(1, 3))
        def the_client_goes_on(self, wait: int, times: int) -> None:
            for _ in range(times):
                core.time.move(wait)
                self.ask(is_lost=False)

        @rule(wait=st.sampled_from((MINUTE, HOUR, DAY)), is_lost=st.booleans())
        def the_line_is_down(self, wait: int, is_lost: bool) -> None:
            self.ask(is_lost=True)
            core.time.move(wait)
            self.ask(is_lost=is_lost)

        @rule()
        def the_client_uses_its_access_token(self) -> None:
            self.use(self.access)

        @rule(wait=st.sampled_from(WAITS))
        def time_passes(self, wait: int) -> None:
            core.time.move(wait)

        # The others

        @rule()
        def a_thief_copies_the_token(self) -> None:
            self.stolen = self.jar

        @precondition(lambda self: self.stolen is not None)
        @rule(is_patient=st.booleans())
        def the_thief_refreshes(self, is_patient: bool) -> None:
            assert self.stolen is not None
            self.thief_came = True
            family, answer = self.name, self.present(self.stolen)
            if answer is not None and self.name == family:
                self.thiefs = answer.access
                if is_patient:
                    self.stolen = answer.successor

        @rule(
            times=st.sampled_from((1, 1, 1, 2, 3)),
            is_used=st.sampled_from((True, True, False)),
            wait=st.sampled_from(LONG),
        )
        def a_thief_strikes(self, times: int, is_used: bool, wait: int) -> None:
            family, stolen = self.name, self.jar
            for _ in range(times):
                self.ask(is_lost=False)
            if is_used:
                self.use(self.access)
            core.time.move(wait)
            if self.name == family:
                self.stolen = stolen
                self.the_thief_refreshes(is_patient=True)

        @rule()
        def the_thief_uses_its_access_token(self) -> None:
            self.use(self.thiefs)

        @rule(ahead=st.integers(-2, 1))
        def somebody_with_the_signing_key_guesses(self, ahead: int) -> None:
            generation = max(1, self.family.generation + ahead)
            signer = ChainSigner(core.services.keys.cookie_secrets("refresh"), "refresh")
            chain = self.jar.text.partition(".")[0]
            self.present(Held(signer.dumps(ChainToken(chain, generation, "a guess")), generation, -1))

        @rule()
        def others_harm_nothing(self) -> None:
            with pytest.raises(GrantRefused) as refused:
                tokens.refresh(self.jar.text, client=world.stranger, scope=None)
            assert refused.value.reason == "wrong_client"
            if self.family.judge(self.jar, world.now) in ANSWERED:
                with pytest.raises(ScopeRefused):
                    self.holder.refresh(self.jar.text, scope=("openid", "email"))

        @rule(is_thief=st.booleans())
        def somebody_asks_about_a_refresh_token(self, is_thief: bool) -> None:
            held = self.stolen if is_thief and self.stolen else self.jar
            verdict = self.family.judge(held, world.now)
            assert self.holder.counts(held.text) is (verdict in ANSWERED)
            if verdict == "successor":
                self.family = replace(self.family, seen=max(self.family.seen, self.family.generation))
                self.remember()

        @rule()
        def access_tokens_are_voided(self) -> None:
            world.void_access_tokens()

        @precondition(lambda self: self.access is not None)
        @rule()
        def the_access_token_is_revoked(self) -> None:
            assert self.access is not None
            if self.access.text in self.given:
                self.use(self.access)
                jti = f"{self.name}.{self.access.number}"
                revoker.revoke_token(
                    jti,
                    sub=world.user.sub,
                    client_id=self.holder.client.client_id,
                    until=world.now + DAY,
                    actor=CENTER,
                )
                self.denied.add(self.access.number)

        @rule(what=st.sampled_from(("revocation", "logout", *("nothing",) * 6)))
        def it_is_taken_back(self, what: str) -> None:
            if what == "revocation":
                client_id = self.holder.client.client_id
                revoker.revoke_family(self.name, sub=world.user.sub, client_id=client_id)
                self.nothing_is_left()
            elif what == "logout":
                endings.end_session(self.sid, Reason.LOGOUT, CENTER)
                assert not self.holder.counts(self.holder.first.access_token)
                if not self.kind.is_offline:
                    self.nothing_is_left()

        @rule(writes=st.integers(1, 3))
        def the_store_loses_writes(self, writes: int) -> None:
            if len(self.snapshots) > 1:
                self.store_lost = True
                self.snapshots = self.snapshots[: max(1, len(self.snapshots) - writes)]
                self.restore(self.snapshots[-1])

        # What the store forgets

        def remember(self) -> None:
            """Keep what the store holds now, for when it loses what is written next."""
            chain = self.jar.text.partition(".")[0]
            keys = [self.key("family", self.name), self.key("chain", chain)]
            if not self.kind.is_signed:  # a JWT is not in the store
                keys += [self.key("token", hashed(text)) for text in self.given]
            saved = redis.command(chain[:2], "EVAL", READ, len(keys), *keys)
            self.snapshots.append((self.family, dict(self.given), list(zip(keys, saved, strict=True))))

        def restore(self, snapshot: Snapshot) -> None:
            self.family, given, saved = snapshot
            if not self.kind.is_signed:
                for text in self.given:
                    redis.command(self.name[:2], "DEL", self.key("token", hashed(text)))
                self.given = dict(given)
            self.holder.restore(saved)

        def key(self, kind: str, name: str) -> str:
            return redis.key(self.name[:2], kind, name)

    return History


@pytest.fixture
def world(core: Core) -> World:
    def register(kind: Kind) -> Client:
        wanted: dict[str, Any] = {
            "access_token_format": "jwt" if kind.is_signed else "opaque",
            "is_strict": kind.is_strict,
            "refresh_retry_window": kind.window // SECOND,
        }
        return core.site(grant_types=REFRESHING, scopes=("offline_access",), id_token_alg="ES256", **wanted)

    return World(
        core, core.person(), {kind: register(kind) for kind in KINDS}, core.site(grant_types=REFRESHING)
    )


def tour(machine: Any, kind: Kind) -> None:
    """Go through the corners that chance comes to least."""
    machine.somebody_signs_in(kind)
    for times, wait in product((1, 1, 2), LONG):
        machine.a_thief_strikes(times=times, is_used=True, wait=wait)
        machine.sign_in()


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_history_signs_out_the_honest_or_lets_a_reuse_pass(world: World) -> None:
    share = rounds(HISTORIES, share=4)
    run_state_machine_as_test(
        history_of(world),
        settings=settings(
            max_examples=share,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    for kind in KINDS:
        tour(history_of(world)(), kind)
    # Histories that never come to a corner prove nothing of it; a share of them may miss one by chance.
    for corner in CORNERS if share == HISTORIES else ():
        assert world.seen[corner] > HISTORIES // 100, world.seen
