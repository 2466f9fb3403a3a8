"""The follower of the journal: apply what was recorded but not applied, and move the shards' marks."""

import logging
from collections.abc import Callable, Iterable, Sequence

from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import Entries, Entry
from sso_center.core.journal.user_changes import apply_user_change
from sso_center.core.users import Users

_log = logging.getLogger("sso_center.courier")
_PAGE = 200

Enforce = Callable[[Entry], Iterable[int]]
"""Ends the sessions that a changed user has voided; yields how many so far."""


class JournalFollower:
    """Applies each entry of the journal again, in order, then marks its shards.

    The process that records an entry applies it too. Only this second time, in order and by one process,
    allows a mark to say "everything up to here is applied".
    """

    def __init__(self, entries: Entries, applier: EntryApplier, users: Users, enforce: Enforce) -> None:
        self._entries = entries
        self._applier = applier
        self._enforce = enforce
        self._users = users

    def follow(self) -> int:
        """Apply the new entries, and return how many they were. Raises Unavailable."""
        page = self._entries.unapplied(_PAGE)
        done: list[int] = []
        try:
            for place, entry in enumerate(page):
                self._apply(entry, page[place + 1 :])
                done.append(entry.number)
        finally:
            self._entries.note_applied(done)
        return len(done)

    def _apply(self, entry: Entry, later: Sequence[Entry]) -> None:
        if entry.kind == "user":
            apply_user_change(self._users, self._applier, entry, later)
            # A cut-off voids many sessions: its job ends them (core/cutoffs).
            ended = max(self._enforce(entry), default=0)
            if ended:
                _log.info("ended sessions", extra={"entry": entry.number, "ended": ended})
        else:
            self._applier.apply(entry)
        self._applier.mark(entry)
