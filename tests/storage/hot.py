"""A `Redis` of the center under test, and a journal's owner small enough to count what it is asked."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sso_center.base.clock import Clock, system_clock
from sso_center.base.errors import Unavailable
from sso_center.storage.address import topology_of
from sso_center.storage.redis import Redis

T = TypeVar("T")


class Journal:
    """Recovers shards by marking them, and remembers which; reloads a configuration, and remembers too."""

    def __init__(self, redis: Redis, *, takes: float = 0.0, knows: int = 1_000_000) -> None:
        self.redis = redis
        self.recovered: list[str] = []
        self.reloaded: list[int] = []
        self.config = 0
        self._takes = takes
        self._knows = knows
        redis.on_untrusted(self.recover)
        redis.on_outdated(self.reload)

    def recover(self, shard: str, run_id: str) -> None:
        """Mark the shard, after as long as a recovery takes."""
        self.recovered.append(shard)
        time.sleep(self._takes)
        self.redis.trust(shard, run_id=run_id, lineage="l", position=7, config=self.config)

    def reload(self, version: int) -> None:
        """Load the version asked for, or the latest that is known."""
        self.reloaded.append(version)
        time.sleep(self._takes)
        self.redis.configuration_version = min(version, self._knows)


def open_at(url: str, *, clock: Clock = system_clock, timeout_ms: int = 2000) -> Redis:
    """Return the center's store at an address; patient, since the machine may be busy with other tests."""
    return Redis(topology_of(url, timeout_ms), clock)


def works(use: Callable[[], object]) -> bool:
    """Say whether a use of the store succeeds rather than being unavailable."""
    try:
        use()
    except Unavailable:
        return False
    return True


def together(count: int, work: Callable[[int], T]) -> list[T | BaseException]:
    """Run `work(0)` to `work(count - 1)` at the same time, each in a thread; return what came of each."""
    results: list[T | BaseException] = [RuntimeError("did not end")] * count
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = work(number)
        except BaseException as failed:
            results[number] = failed

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
