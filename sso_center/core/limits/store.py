"""The storage of the `limits` package: in our shards, by our clock, one script for each step."""

from limits.storage import Storage

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import shard_of
from sso_center.storage.redis import Redis, load_script

_WINDOW = load_script(__package__, "window.lua")
_FORGET = load_script(__package__, "forget.lua")


class WindowStore(Storage):
    """Fixed windows that open with the first attempt. Every method may raise Unavailable."""

    STORAGE_SCHEME = None

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exceptions of a store that is away."""
        return Unavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount` attempts (a negative amount gives back) in a window of `expiry` seconds; return the
        count.
        """
        return self._window(key, amount, expiry)[0]

    def get(self, key: str) -> int:
        """Return how many attempts the open window has seen."""
        return self._window(key, 0, _LONGEST)[0]

    def get_expiry(self, key: str) -> float:
        """Return when the open window ends, in seconds since 1970."""
        return self._window(key, 0, _LONGEST)[1] / 1000

    def check(self) -> bool:
        """Say whether the store answers."""
        try:
            self._redis.check()
        except Unavailable:
            return False
        return True

    def reset(self) -> int:
        """Delete every bucket; return how many there were."""
        return sum(self._redis.run_everywhere(_FORGET, {"name": ""}).values())

    def clear(self, key: str) -> None:
        """Delete one bucket."""
        self._redis.run(_FORGET, shard_of(key), {"name": key})

    def _window(self, key: str, amount: int, expiry: int) -> tuple[int, int]:
        count, closes = self._redis.run(
            _WINDOW, shard_of(key), {"name": key, "amount": amount, "length": expiry * 1000}
        )
        return int(count), int(closes)


_LONGEST = 400 * 86400
"""Seconds; longer than any window, so that a mere look never corrects an open window."""
