"""A strict chain counts the 60 s of an old secret from the first telling of its successor."""

import pytest

from sso_center.core.chains.token import ChainToken, new_chain_token, presented_arguments
from sso_center.services import Services
from sso_center.storage.redis import load_script
from tests.harness.core import HOUR, MINUTE, Time

_STEP = load_script(__package__, "sso_center.core.chains/chain.lua", "step.lua")


class Holder:
    """Whoever holds the tokens of one strict chain."""

    def __init__(self, services: Services) -> None:
        self._redis = services.redis
        self.token = new_chain_token("00")
        self._run("begin", self.token)

    def present(self, token: ChainToken) -> tuple[str, ChainToken | None]:
        """Return what the token turned out to be, and the successor that was told."""
        verdict, nonce = self._run("use", token)
        return verdict, token.successor(nonce) if nonce else None

    def _run(self, what: str, token: ChainToken) -> list[str]:
        reply: list[str] = self._redis.run(
            _STEP,
            token.shard,
            {"step": what, "is_strict": 1, **presented_arguments(token), "interval": 2 * HOUR},
        )
        return reply


@pytest.fixture
def holder(services: Services, time: Time) -> Holder:
    made = Holder(services)
    time.move(2 * HOUR)
    return made


def test_a_secret_whose_successor_was_told_lives_for_sixty_seconds(holder: Holder, time: Time) -> None:
    first, told = holder.present(holder.token)
    assert (first, told is not None) == ("current", True)
    time.move(MINUTE // 2)
    # Told once more, which does not prolong it.
    assert holder.present(holder.token) == ("current", told)
    time.move(MINUTE // 2)
    assert holder.present(holder.token) == ("current", told)
    time.move(1)
    assert holder.present(holder.token) == ("reuse", None)


def test_an_untold_secret_lives_on(holder: Holder, time: Time) -> None:
    time.move(20 * HOUR)
    assert holder.present(holder.token)[0] == "current"


def test_the_first_use_of_the_successor_does_not_prolong_the_old_secret(holder: Holder, time: Time) -> None:
    _, told = holder.present(holder.token)
    assert told is not None
    time.move(MINUTE // 2)
    assert holder.present(told) == ("successor", None)
    time.move(MINUTE // 2)
    assert holder.present(holder.token) == ("overlap", None)
    time.move(1)
    assert holder.present(holder.token) == ("reuse", None)
    # The new secret has not been told a successor yet: its time has not begun.
    assert holder.present(told) == ("current", None)
