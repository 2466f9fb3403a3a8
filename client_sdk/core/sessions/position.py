"""Places in the center's journal, and the moments at which it was asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the journal. Another lineage (the center's store was restored) has numbers of its own."""

    lineage: str
    number: int

    @classmethod
    def parse(cls, text: object) -> "Position | None":
        """Return the position that `lineage:number` names, or None when it is none."""
        if not isinstance(text, str) or len(text) > 128:
            return None
        lineage, _, number = text.rpartition(":")
        is_number = number.isascii() and number.isdecimal() and len(number) < 19
        return cls(lineage, int(number)) if lineage and is_number else None

    def __str__(self) -> str:
        return f"{self.lineage}:{self.number}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a question was sent: by the steady clock (ms), and the position that the view had then.

    The answer is true at that position and later, up to when it was made. Without a position the feed had not
    been read yet.
    """

    as_of: int
    position: Position | None = None
