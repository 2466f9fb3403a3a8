"""What the view remembers of an ending."""

from dataclasses import dataclass

from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.position import Position

NEVER = -1


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An ending of a session, user, client, role or token: when it was heard (steady clock), and where it is.

    With `is_over` the whole thing ended. Whatever was stamped up to `cut_off` (ms, the center's clock) ended
    in any case. `is_doubt` means that the center must be asked about the rest. Without a position it was
    heard before anything of the feed.
    """

    heard: int
    position: Position | None
    is_over: bool = False
    cut_off: int = NEVER
    is_doubt: bool = True

    def excludes(self, session: LocalSession) -> bool:
        """Say whether the session is known to be unaffected."""
        return not self.is_doubt and session.stamped_at_earliest > self.cut_off

    def is_behind(self, good_at: Position) -> bool:
        """Say whether a session that was alive at `good_at` had outlived this ending."""
        position = self.position
        # In another lineage positions can't be compared; the view's floor decides.
        return position is None or position.lineage != good_at.lineage or position.number <= good_at.number

    def merged_with(self, known: "Tombstone | None") -> "Tombstone":
        """Return one tombstone for this and the one known before: what passes it passes both."""
        if known is None:
            return self
        position = known.position if is_as_late(known.position, self.position) else self.position
        return Tombstone(
            max(self.heard, known.heard),
            position,
            self.is_over,
            max(self.cut_off, known.cut_off),
            self.is_doubt or known.is_doubt,
        )


def is_as_late(known: Position | None, other: Position | None) -> bool:
    """Say whether `known` is `other` or later, in the same lineage."""
    return (
        known is not None
        and other is not None
        and known.lineage == other.lineage
        and known.number >= other.number
    )
