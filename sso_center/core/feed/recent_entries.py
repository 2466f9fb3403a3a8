"""The latest entries of the journal in memory: each with whom it concerns, and what is said of it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

KEPT = 10_000
"""How many entries are kept; who was told of none of them for longer has to ask for everything anew."""

MOST_AT_ONCE = 1_000
"""How many entries one answer tells: who missed more had better ask after the sessions that are in use."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the journal; the lineage is that of the SQL store."""

    lineage: str
    number: int

    def __str__(self) -> str:
        return f"{self.lineage}:{self.number}"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An entry that is told: to these clients, None for everyone, in these words."""

    number: int
    clients: frozenset[str] | None
    words: bytes

    def concerns(self, client_id: str) -> bool:
        """Say whether a client is told of it."""
        return self.clients is None or client_id in self.clients


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be told behind some position, up to this one; nothing when it is not whole."""

    position: Position
    is_whole: bool
    entries: tuple[FeedEvent, ...] = ()


class RecentEntries:
    """All that is told behind the entry numbered `low`, in order, up to the one numbered `number`.

    `id` is that entry's, '' when nobody has looked.
    """

    def __init__(self, lineage: str, low: int) -> None:
        self.lineage = lineage
        self.number = low
        self.id = ""
        self._low = low
        self._entries: list[FeedEvent] = []

    @property
    def position(self) -> Position:
        """Up to where it goes."""
        return Position(self.lineage, self.number)

    def add(self, entries: Iterable[FeedEvent], number: int, id: str) -> None:
        """Take in what is told up to the entry of this number and id, and let go of the oldest."""
        self._entries += entries
        self.number, self.id = number, id
        if len(self._entries) > KEPT:
            gone = len(self._entries) - KEPT * 9 // 10  # a tenth at a time: each cut moves all that stay
            self._low = self._entries[gone - 1].number
            del self._entries[:gone]

    def page(self, after: Position | None, client_id: str | None, limit: int = MOST_AT_ONCE) -> Page:
        """Return what a client (None: whoever) is told behind `after`, at most `limit` entries.

        Not whole is what lies behind a position that is not known, or known no more.
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
