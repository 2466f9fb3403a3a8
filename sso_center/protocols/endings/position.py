"""The position up to which an answer holds, without a query to SQL for each answer."""

from dataclasses import dataclass
from threading import Lock, Thread

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.core.feed import Feed

FRESH, PATIENCE = 1_000, 10_000
"""Milliseconds until the position is read again: after it was read, and after SQL could not be reached."""


@dataclass(frozen=True, slots=True)
class _Known:
    position: str
    good_until: int


class Positions:
    """Positions of the journal as this process last read them.

    An old position is as true as a new one: everything up to it is applied to Redis, and Redis answers for a
    session at the moment of the question. So sites are still answered while SQL is away, and nobody waits for
    a newer position: an SQL server that hangs would otherwise hang every question.
    """

    def __init__(self, feed: Feed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._known: _Known | None = None
        self._renewing = Lock()

    def current(self) -> str:
        """Return a position, `lineage:number`. Raises Unavailable when none was ever read."""
        known, now = self._known, self._clock()
        if known is None:
            self._known = known = self._read(now)
        elif now >= known.good_until and self._renewing.acquire(blocking=False):
            Thread(target=self._renew, args=(known, now), name="position", daemon=True).start()
        return known.position

    def _renew(self, known: _Known, now: int) -> None:
        try:
            self._known = self._read(now)
        except Unavailable:
            self._known = _Known(known.position, now + PATIENCE)
        finally:
            self._renewing.release()

    def _read(self, now: int) -> _Known:
        return _Known(str(self._feed.present()), now + FRESH)
