"""The recent entries of the journal in memory, as events with their audience."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

KEPT = 10_000
"""How many events are kept. A client that is further behind has to check all its sessions."""

MOST_AT_ONCE = 1_000
"""How many events one answer holds. A client that missed more does better to check the sessions in use."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the journal; the lineage is the SQL store's."""

    lineage: str
    number: int

    def __str__(self) -> str:
        return f"{self.lineage}:{self.number}"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event of the feed: its entry's number, its audience (None for every client), its JSON."""

    number: int
    clients: frozenset[str] | None
    event: bytes

    def concerns(self, client_id: str) -> bool:
        """Say whether the event is for a client."""
        return self.clients is None or client_id in self.clients


@dataclass(frozen=True, slots=True)
class Page:
    """The events after some position, up to this one; none when the page is not whole."""

    position: Position
    is_whole: bool
    entries: tuple[FeedEvent, ...] = ()


class RecentEntries:
    """All events after the entry numbered `low`, in order, up to the entry numbered `number`.

    `id` is the id of that last entry, '' before the first look.
    """

    def __init__(self, lineage: str, low: int) -> None:
        self.lineage = lineage
        self.number = low
        self.id = ""
        self._low = low
        self._entries: list[FeedEvent] = []

    @property
    def position(self) -> Position:
        """The position of the last entry."""
        return Position(self.lineage, self.number)

    def add(self, entries: Iterable[FeedEvent], number: int, id: str) -> None:
        """Add the events up to the entry of this number and id, and drop the oldest."""
        self._entries += entries
        self.number, self.id = number, id
        if len(self._entries) > KEPT:
            gone = len(self._entries) - KEPT * 9 // 10  # a tenth at a time: each cut moves all that stay
            self._low = self._entries[gone - 1].number
            del self._entries[:gone]

    def page(self, after: Position | None, client_id: str | None, limit: int = MOST_AT_ONCE) -> Page:
        """Return at most `limit` events after a position, for one client or (None) for all.

        The page is not whole when that position is unknown, no longer known, or too far back.
        """
        position = self.position
        if after is None:
            return Page(position, is_whole=True)
        if after.lineage != self.lineage or not self._low <= after.number <= self.number:
            return Page(position, is_whole=False)
        start = bisect_right(self._entries, after.number, key=attrgetter("number"))
        found = self._entries[start:]
        if client_id is not None:
            found = [one for one in found if one.concerns(client_id)]
        if len(found) > limit:
            return Page(position, is_whole=False)
        return Page(position, is_whole=True, entries=tuple(found))
