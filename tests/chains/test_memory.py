"""How many old secrets a chain knows again, and what each of them proves."""

from dataclasses import replace

import pytest

from sso_center.core.chains.token import ChainToken, new_chain_token, presented_arguments
from sso_center.services import Services
from sso_center.storage.redis import load_script
from tests.harness.core import MINUTE, Time

SHARD = "07"
STEP = load_script(__package__, "sso_center.core.chains/chain.lua", "step.lua")


class Rotating:
    """A chain whose successor is told at every use, and the newest token of it."""

    def __init__(self, services: Services) -> None:
        self._redis = services.redis
        self.token = new_chain_token(SHARD)
        self._step("begin", self.token)

    def use(self, token: ChainToken) -> str:
        """Present a token; returns the verdict."""
        return self._step("use", token)[0]

    def rotate(self) -> ChainToken:
        """Be told and use the successor; returns the token that is old now."""
        old = self.token
        _, nonce = self._step("use", old)
        self.token = old.successor(nonce)
        assert self.use(self.token) == "successor"
        return old

    def past(self) -> str:
        key = self._redis.key(SHARD, "chain", self.token.chain_id)
        return str(self._redis.command(SHARD, "HGET", key, "past"))

    def _step(self, what: str, token: ChainToken) -> tuple[str, str]:
        verdict, nonce = self._redis.run(
            STEP, SHARD, {"step": what, "is_strict": 0, **presented_arguments(token), "interval": 0}
        )
        return verdict, nonce


@pytest.fixture(scope="module")
def chain(services: Services) -> Rotating:
    return Rotating(services)


@pytest.fixture(scope="module")
def old(chain: Rotating, time: Time) -> list[ChainToken]:
    """The tokens of 131 generations, the oldest first; all of them had their sixty seconds."""
    tokens = [chain.rotate() for _ in range(131)]
    time.move(MINUTE + 1)
    return tokens


def test_a_chain_knows_128_old_secrets_and_grows_no_further(chain: Rotating, old: list[ChainToken]) -> None:
    assert len(chain.past()) == 128 * 16
    # Of a secret older than that nothing can be said, so nothing ends by it.
    assert [chain.use(token) for token in old] == ["unknown"] * 3 + ["reuse"] * 128


def test_an_old_secret_proves_nothing_of_another_generation(chain: Rotating, old: list[ChainToken]) -> None:
    for secret in old[-3:]:
        for generation in (1, 2, 3, 60, secret.generation - 1):
            assert chain.use(replace(secret, generation=generation)) == "unknown"
