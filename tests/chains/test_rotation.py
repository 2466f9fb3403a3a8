"""Session cookies rotate as chains do: each rule, on the real server."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sso_center.core.chains.token import ChainSigner, ChainToken
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import Lifetimes, Outcome, Sessions, Visit
from sso_center.core.users import User
from sso_center.services import Services
from tests.harness.core import HOUR, MINUTE, Time
from tests.harness.hot import Hot


class Phone:
    """One browser: its cookie, and what comes of using it."""

    def __init__(self, services: Services, user: User) -> None:
        self.services = services
        opened = services.sessions.open(
            user, remember=False, amr=("pwd",), user_agent="", address="", previous=None
        )
        self.sid, self.cookie = opened.session.sid, opened.cookie

    def use(self, cookie: str | None = None, *, answer_is_lost: bool = False) -> Visit:
        visit = self.services.sessions.visit(cookie or self.cookie)
        if visit.successor and not answer_is_lost:
            self.cookie = visit.successor
        return visit

    def rotate(self, time: Time) -> str:
        """Go once through telling and first use; return the secret that is now old."""
        old = self.cookie
        time.move(2 * HOUR)
        self.use()
        self.use()
        assert self.cookie != old
        return old

    def token(self, cookie: str | None = None) -> ChainToken:
        signer = ChainSigner(self.services.keys.cookie_secrets("session"), "session")
        found = signer.loads(cookie or self.cookie)
        assert found is not None
        return found

    def record(self) -> dict[str, str]:
        return Hot(self.services.redis).record(*self._place())

    def restore(self, record: dict[str, str]) -> None:
        Hot(self.services.redis).lose(*self._place())
        Hot(self.services.redis).overwrite(*self._place(), record)

    def _place(self) -> tuple[str, str, str]:
        token = self.token()
        return token.shard, "chain", token.chain_id


@pytest.fixture
def phone(services: Services, user: User) -> Phone:
    return Phone(services, user)


def test_a_young_secret_is_told_no_successor(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR - 1)
    assert phone.use().successor is None


def test_of_fifty_parallel_requests_all_are_told_the_same_successor(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    cookie = phone.cookie
    with ThreadPoolExecutor(50) as pool:
        visits = list(pool.map(lambda _: phone.services.sessions.visit(cookie), range(50)))
    assert {visit.outcome for visit in visits} == {Outcome.ALIVE}
    assert len({visit.successor for visit in visits}) == 1
    assert visits[0].successor is not None


def test_of_fifty_parallel_first_uses_one_advances_and_all_are_served(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    phone.use()
    with ThreadPoolExecutor(50) as pool:
        visits = list(pool.map(lambda _: phone.services.sessions.visit(phone.cookie), range(50)))
    assert {visit.outcome for visit in visits} == {Outcome.ALIVE}
    assert phone.record()["generation"] == "2"
    # One successor, whoever of them advanced.
    time.move(2 * HOUR)
    assert phone.use().successor is not None


def test_telling_writes_nothing(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    before = phone.record()
    phone.use(answer_is_lost=True)
    assert phone.record() == before


def test_a_lost_answer_costs_nothing_however_long_it_takes(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    told = {phone.use(answer_is_lost=True).successor for _ in range(3)}
    time.move(24 * HOUR)
    told.add(phone.use().successor)
    assert len(told) == 1
    assert phone.use().outcome is Outcome.ALIVE


def test_a_lost_answer_to_the_first_use_costs_nothing(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    phone.use()
    for _ in range(3):
        assert phone.use(answer_is_lost=True).outcome is Outcome.ALIVE
    time.move(24 * HOUR)
    assert phone.use().outcome is Outcome.ALIVE


def test_an_old_secret_works_for_sixty_seconds_and_is_told_nothing(phone: Phone, time: Time) -> None:
    old = phone.rotate(time)
    time.move(MINUTE)
    visit = phone.use(old)
    assert visit.outcome is Outcome.ALIVE
    assert visit.successor is None


def test_an_old_secret_is_told_nothing_however_soon_the_next_rotation_is(
    services: Services, user: User, time: Time
) -> None:
    # It could only derive a wrong successor from what it would be told.
    lifetimes = Lifetimes(idle=86400, absolute=86400, remembered=86400, rotation=60)
    keys = services.keys
    hasty = Sessions(
        services.redis,
        services.users,
        lambda: ChainSigner(keys.cookie_secrets("session"), "session"),
        lifetimes,
        time,
    )
    phone = Phone(replace(services, sessions=hasty), user)
    old = phone.cookie
    time.move(MINUTE)
    phone.use()
    phone.use()
    time.move(MINUTE)
    visit = phone.use(old)
    assert visit.outcome is Outcome.ALIVE
    assert visit.successor is None
    assert phone.use().successor is not None


def test_an_old_secret_after_its_sixty_seconds_is_a_reuse(phone: Phone, time: Time) -> None:
    old = phone.rotate(time)
    time.move(MINUTE + 1)
    visit = phone.use(old)
    assert visit.outcome is Outcome.REUSE
    assert visit.sid == phone.sid
    assert visit.session is None


def test_a_secret_many_generations_old_is_a_reuse(phone: Phone, time: Time) -> None:
    oldest = phone.rotate(time)
    for _ in range(5):
        phone.rotate(time)
    assert phone.use(oldest).outcome is Outcome.REUSE


def test_once_a_reuse_has_ended_the_session_neither_copy_opens_it(phone: Phone, time: Time) -> None:
    old = phone.rotate(time)
    time.move(MINUTE + 1)
    visit = phone.use(old)
    assert visit.sid is not None
    ending = phone.services.endings.end_session(visit.sid, Reason.REUSE, CENTER)
    assert ending is not None
    assert ending.reason == Reason.REUSE
    assert phone.use().outcome is Outcome.ENDED
    assert phone.use(old).outcome is Outcome.ENDED


def test_one_lost_store_write_heals(phone: Phone, time: Time) -> None:
    time.move(2 * HOUR)
    phone.use()
    before = phone.record()
    phone.use()
    phone.restore(before)
    assert phone.use().outcome is Outcome.ALIVE
    time.move(2 * HOUR)
    phone.use()
    assert phone.use().outcome is Outcome.ALIVE


def test_several_lost_store_writes_are_a_rollback_and_nobody_is_called_a_thief(
    phone: Phone, time: Time
) -> None:
    before = phone.record()
    phone.rotate(time)
    phone.rotate(time)
    phone.restore(before)
    visit = phone.use()
    assert visit.outcome is Outcome.ROLLBACK
    assert phone.record() == before


def test_a_wrong_secret_of_the_right_generation_ends_nothing(phone: Phone, time: Time) -> None:
    phone.rotate(time)
    signer = ChainSigner(phone.services.keys.cookie_secrets("session"), "session")
    token = phone.token()
    for generation in (1, 2, 3):
        forged = signer.dumps(ChainToken(token.chain_id, generation, "guess"))
        assert phone.use(forged).outcome is Outcome.UNKNOWN
    assert phone.use().outcome is Outcome.ALIVE


def test_a_bad_signature_never_reaches_the_store(phone: Phone) -> None:
    assert phone.use(phone.cookie[:-2] + "xx").outcome is Outcome.UNKNOWN
    assert phone.use(phone.cookie.replace(".1.", ".2.")).outcome is Outcome.UNKNOWN
    assert phone.use().outcome is Outcome.ALIVE


def test_redis_holds_no_secret_of_a_chain(phone: Phone, time: Time) -> None:
    phone.rotate(time)
    time.move(2 * HOUR)
    told = phone.use(answer_is_lost=True).successor
    assert told is not None
    values = " ".join(phone.record().values())
    assert phone.token().secret not in values
    assert phone.token(told).secret not in values


def test_nothing_of_a_session_stays_for_ever(phone: Phone, time: Time) -> None:
    phone.rotate(time)
    assert list(phone.services.redis.keys_without_expiry()) == []
