"""A dictionary of bounded size."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from client_sdk.core.threads.fork import renew_after_fork

K = TypeVar("K")
V = TypeVar("V")


class LRU(Generic[K, V]):
    """A dictionary of at most `capacity` entries that evicts the one written longest ago.

    Reading takes no lock: a look-up in a dict is atomic, and every request makes some. Writing an entry again
    never removes it in between, or a reader would miss an ending.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()
        self.get = self._entries.get
        renew_after_fork(self)

    def put(self, key: K, value: V) -> bool:
        """Write an entry as the newest; return whether that evicted another."""
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) <= self._capacity:
                return False
            del self._entries[next(iter(self._entries))]
            return True

    def put_new(self, key: K, value: V) -> bool:
        """Write an entry unless there is one, atomically; return whether it was written."""
        with self._lock:
            if key in self._entries:
                return False
            self._entries[key] = value
            if len(self._entries) > self._capacity:
                del self._entries[next(iter(self._entries))]
            return True

    def evicted_by(self, key: K) -> V | None:
        """Return the value that putting `key` would evict, or None when there is room."""
        with self._lock:
            if key in self._entries or len(self._entries) < self._capacity:
                return None
            return next(iter(self._entries.values()))

    def pop(self, key: K) -> None:
        """Forget an entry, if it is there."""
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent may have held."""
        self._lock = threading.Lock()
