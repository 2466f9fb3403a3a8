"""Work done once for many threads that want the same at the same moment."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from client_sdk.core.errors import Unavailable
from client_sdk.core.threads.fork import renew_after_fork

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Flight(Generic[V]):
    __slots__ = ("failure", "is_over", "result")

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.result: list[V] = []
        self.failure = Unavailable("center_failed", "The question to the center was broken off.")


class SingleFlight(Generic[K, V]):
    """Lets one thread work for each key while the others wait for its result.

    A failure is shared too: the others would only meet it again.
    """

    def __init__(self) -> None:
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start with nothing under way: the threads that worked live in the parent."""
        self._lock = threading.Lock()
        self._flights: dict[K, _Flight[V]] = {}

    def run(self, key: K, work: Callable[[], V]) -> V:
        """Return the result of `work`, done here or by a thread that already does it. Raises Unavailable."""
        with self._lock:
            flight = self._flights.get(key)
            is_ours = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight()
        if is_ours:
            return self._fly(key, flight, work)
        flight.is_over.wait()
        if not flight.result:
            raise flight.failure.again()
        return flight.result[0]

    def _fly(self, key: K, flight: _Flight[V], work: Callable[[], V]) -> V:
        try:
            found = work()
            flight.result.append(found)
            return found
        except Unavailable as failed:
            flight.failure = failed
            raise
        finally:
            with self._lock:
                # A forked child that inherited this call knows nothing of the flight.
                self._flights.pop(key, None)
            flight.is_over.set()
