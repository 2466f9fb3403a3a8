"""The clock of a center under test: a file that all of its processes add to the real time."""

import struct
import time
from pathlib import Path


class MovableClock:
    """Keeps the signed 64-bit millisecond offset that `SSO_TEST_CLOCK` names."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._write(0)

    @property
    def offset_ms(self) -> int:
        """Return how far the center's time is ahead of the machine's, in milliseconds."""
        return struct.unpack("<q", self.file.read_bytes())[0]

    def move(self, seconds: float) -> None:
        """Move the time of every process of the center forward, or back when negative, at once."""
        self._write(self.offset_ms + round(seconds * 1000))

    def now_ms(self) -> int:
        """Return the center's time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    def _write(self, offset: int) -> None:
        # In place: the processes have the file mapped, and a renamed one would leave them with the old.
        mode = "r+b" if self.file.exists() else "wb"
        with self.file.open(mode) as opened:
            opened.write(struct.pack("<q", offset))
