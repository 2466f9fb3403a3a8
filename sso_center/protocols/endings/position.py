"""Up to which place in the journal an answer holds, without asking SQL for each answer."""

from dataclasses import dataclass

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.core.endings import Feed

FRESH, PATIENCE = 1_000, 10_000
"""Milliseconds until the position is read again: after it was read, and after SQL could not be reached."""


@dataclass(frozen=True, slots=True)
class _Known:
    position: str
    good_until: int


class Positions:
    """Positions of the journal as this process last read them.

    An old position is as true as a new one: all up to there is applied to Redis, and a session's state comes
    from there at the moment it is asked for. So sites are still answered while SQL is away.
    """

    def __init__(self, feed: Feed, clock: Clock) -> None:
        self._feed = feed
        self._clock = clock
        self._known: _Known | None = None

    def current(self) -> str:
        """Return a position, `lineage:number`. Raises Unavailable when none was ever read."""
        known, now = self._known, self._clock()
        if known is None or now >= known.good_until:
            self._known = known = self._read(known, now)
        return known.position

    def _read(self, known: _Known | None, now: int) -> _Known:
        try:
            return _Known(str(self._feed.reached()), now + FRESH)
        except Unavailable:
            if known is None:
                raise
            return _Known(known.position, now + PATIENCE)
