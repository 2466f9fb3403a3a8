"""Strict chains, whose old secret has its sixty seconds from the first telling; what a chain remembers."""

from dataclasses import replace

import pytest

from sso_center.core.chains.token import ChainToken, new_chain_token, presented_arguments
from sso_center.services import Services
from sso_center.storage.redis import load_script
from tests.chains.conftest import HOUR, MINUTE, Time

SHARD = "07"
STEP = load_script(__package__, "sso_center.core.chains/chain.lua", "step.lua")


class Rotating:
    """A chain and the newest token of it."""

    def __init__(self, services: Services, *, is_strict: bool, interval: int = HOUR) -> None:
        self._redis = services.redis
        self._interval = interval
        self.token = new_chain_token(SHARD)
        self._step("begin", self.token, strict="1" if is_strict else "0")

    def use(self, token: ChainToken | None = None) -> tuple[str, ChainToken | None]:
        """Present a token; returns the verdict, and the successor when one was told."""
        token = token or self.token
        verdict, nonce = self._step("use", token)
        return verdict, token.successor(nonce) if nonce else None

    def rotate(self) -> ChainToken:
        """Be told and use the successor; returns the token that is old now."""
        old, (verdict, told) = self.token, self.use()
        assert (verdict, told is not None) == ("current", True)
        assert told is not None
        self.token = told
        assert self.use()[0] == "successor"
        return old

    def record(self) -> dict[str, str]:
        flat = self._redis.command(SHARD, "HGETALL", self._redis.key(SHARD, "chain", self.token.chain_id))
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def _step(self, what: str, token: ChainToken, strict: str = "0") -> tuple[str, str]:
        arguments = (
            token.chain_id,
            what,
            token.generation,
            *presented_arguments(token),
            self._interval,
            strict,
        )
        verdict, nonce = self._redis.run(STEP, SHARD, arguments)
        return verdict, nonce


@pytest.fixture
def strict(services: Services) -> Rotating:
    return Rotating(services, is_strict=True)


def test_a_strict_chain_counts_sixty_seconds_from_the_first_telling(strict: Rotating, time: Time) -> None:
    time.move(HOUR)
    _, told = strict.use()
    time.move(MINUTE - 1)
    # Told again, the sixty seconds go on from the first time.
    assert strict.use() == ("current", told)
    time.move(1)
    assert strict.use()[0] == "current"
    time.move(1)
    assert strict.use()[0] == "reuse"
    assert told is not None
    assert strict.use(told)[0] == "successor"
    assert strict.use()[0] == "reuse"


def test_the_old_secret_of_a_strict_chain_has_what_is_left_of_them(strict: Rotating, time: Time) -> None:
    time.move(HOUR)
    _, told = strict.use()
    time.move(40_000)
    assert told is not None
    assert strict.use(told)[0] == "successor"
    time.move(20_000)
    assert strict.use()[0] == "overlap"
    time.move(1)
    assert strict.use()[0] == "reuse"


def test_a_strict_chain_begins_to_count_anew_in_each_generation(strict: Rotating, time: Time) -> None:
    time.move(HOUR)
    strict.rotate()
    time.move(5 * MINUTE)
    assert strict.use() == ("current", None)
    time.move(HOUR)
    assert strict.use()[0] == "current"
    time.move(MINUTE)
    assert strict.use()[0] == "current"


def test_another_chain_waits_for_its_successor_for_ever(services: Services, time: Time) -> None:
    chain = Rotating(services, is_strict=False)
    time.move(HOUR)
    _, told = chain.use()
    time.move(24 * HOUR)
    assert chain.use() == ("current", told)


# What a chain remembers


def test_a_chain_remembers_128_old_secrets_and_grows_no_further(services: Services, time: Time) -> None:
    chain = Rotating(services, is_strict=False, interval=0)
    old = [chain.rotate() for _ in range(131)]
    time.move(MINUTE + 1)
    assert len(chain.record()["past"]) == 128 * 16
    verdicts = [chain.use(token)[0] for token in old]
    # Of a secret older than that nothing can be said, so nothing ends by it.
    assert verdicts == ["unknown"] * 3 + ["reuse"] * 128


def test_an_old_secret_proves_nothing_of_another_generation(services: Services, time: Time) -> None:
    chain = Rotating(services, is_strict=False, interval=0)
    old = [chain.rotate() for _ in range(131)]
    for secret in (old[-1], old[-2], old[-3]):
        for generation in (1, 2, 3, 60, secret.generation - 1):
            assert chain.use(replace(secret, generation=generation))[0] == "unknown"


def test_a_chain_has_a_lifetime(strict: Rotating, services: Services) -> None:
    key = services.redis.key(SHARD, "chain", strict.token.chain_id)
    assert 0 < int(services.redis.command(SHARD, "PTTL", key)) <= 24 * HOUR
