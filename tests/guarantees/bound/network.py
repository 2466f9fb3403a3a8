"""What a line between a site and the center may do."""

from enum import StrEnum


class Network(StrEnum):
    """What becomes of what passes."""

    OPEN = "open"
    FROZEN = "frozen"
    """Connections are accepted and kept; nothing passes before it thaws, and then all of it does."""
    ONE_WAY = "one way"
    """Questions arrive, and every answer is held until it is open again."""
    DROPPED = "dropped"
    """Every connection is reset, and every new one."""
    VANISHED = "vanished"
    """The other side is gone without a word: these connections never say anything again."""
    LATE = "late"
    """Every answer is held for a while of its own."""
    OUT_OF_ORDER = "out of order"
    """An answer is held until one to a later question, on another connection, was delivered."""
