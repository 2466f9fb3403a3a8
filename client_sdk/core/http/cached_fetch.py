"""A value fetched from the center and cached."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from client_sdk.core.errors import Unavailable
from client_sdk.core.threads.fork import renew_after_fork

T = TypeVar("T")
PAUSE_AFTER_FAILURE = 1000


class CachedFetch(Generic[T]):
    """The last value of `fetch`, fetched again when it is older than `max_age` (milliseconds).

    One thread fetches; the others wait for a first value or use the old one. After a fetch there is no other
    for `pause` milliseconds (a second after a failure): neither a center that is away nor an attacker with
    invented key ids can make this process ask without end.
    """

    def __init__(
        self, fetch: Callable[[], T], *, steady: Callable[[], int], max_age: int, pause: int
    ) -> None:
        self._fetch = fetch
        self._steady = steady
        self._max_age = max_age
        self._pause = pause
        self._value: T | None = None
        self._fetched_at = 0
        self._tried_at: int | None = None
        self._failure: Unavailable | None = None
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent may have held."""
        self._lock = threading.Lock()

    def get(self) -> T:
        """Return the value, fetched if necessary; an old one while the center is away. Raises Unavailable."""
        value = self._value
        if value is not None and self._steady() - self._fetched_at < self._max_age:
            return value
        if not self._lock.acquire(blocking=value is None):
            assert value is not None
            return value
        try:
            if self._value is None or self._steady() - self._fetched_at >= self._max_age:
                self._try()
            return self._held()
        finally:
            self._lock.release()

    def newer(self) -> T:
        """Return the value, fetched again unless that was tried within the pause. Raises Unavailable."""
        with self._lock:
            self._try()
            return self._held()

    def _try(self) -> None:
        now = self._steady()
        pause = self._pause if self._failure is None else min(self._pause, PAUSE_AFTER_FAILURE)
        if self._tried_at is not None and now - self._tried_at < pause:
            return
        try:
            self._value, self._fetched_at, self._failure = self._fetch(), now, None
        except Unavailable as failed:
            self._failure = failed
        finally:
            self._tried_at = self._steady()

    def _held(self) -> T:
        if self._value is not None:
            return self._value
        if self._failure is not None:
            raise self._failure.again()
        raise Unavailable("center_unreachable", "The center was asked a moment ago and did not answer.")
