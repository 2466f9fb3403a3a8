"""The time, as an argument: nothing below the wiring asks the operating system."""

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path

Clock = Callable[[], int]
"""Returns now, in milliseconds since 1970."""


def system_clock() -> int:
    """Return the operating system's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def movable_clock(offset_file: Path) -> Clock:
    """Return a clock that adds the signed 64-bit millisecond offset kept in `offset_file`.

    For tests and rehearsals: every process of a center that is started with the same file sees a
    move at once. The file is made, holding zero, when it does not exist.
    """
    if not offset_file.exists():
        offset_file.write_bytes(struct.pack("<q", 0))
    with offset_file.open("rb") as opened:
        view = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def now() -> int:
        return system_clock() + int(struct.unpack_from("<q", view)[0])

    return now
