"""What the view remembers of one thing that it heard."""

from dataclasses import dataclass

from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.position import Position

NEVER = -1


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Something that was heard of a session, a user or a client: when (steady clock), and where it stands.

    With `is_over` it is the end of it; what was stamped up to `cut_off` (ms, the center's clock) is over in
    any case. `is_doubt` says that it is a reason to ask about the rest. Without a position it was heard
    before anything of the feed was.
    """

    heard: int
    position: Position | None
    is_over: bool = False
    cut_off: int = NEVER
    is_doubt: bool = True

    def spares(self, session: LocalSession) -> bool:
        """Say whether the session is known to be none of those meant."""
        return not self.is_doubt and session.stamped_at_earliest > self.cut_off

    def is_behind(self, good_at: Position) -> bool:
        """Say whether somebody who was alive at `good_at` was so in spite of this."""
        position = self.position
        # Of another lineage: the floor was raised since, and says so.
        return position is None or position.lineage != good_at.lineage or position.number <= good_at.number

    def beside(self, known: "Tombstone | None") -> "Tombstone":
        """Return one mark for this and what was known before: whoever passes it passes both."""
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


def is_as_late(known: Position | None, told: Position | None) -> bool:
    """Say whether what is known stands where something told does, or later in the same lineage."""
    return (
        known is not None
        and told is not None
        and known.lineage == told.lineage
        and known.number >= told.number
    )
