"""Turns among test processes: most tests run beside others, a test marked `alone` runs by itself."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class Turns:
    """A room that many share or one has alone; whoever waits at the door for it alone goes in next."""

    def __init__(self, folder: Path) -> None:
        self._door = (folder / "turns-door").open("w")
        self._room = (folder / "turns-room").open("w")

    @contextmanager
    def take(self, *, alone: bool) -> Iterator[None]:
        """Hold the room, shared or `alone`, while the block runs."""
        # The door is held while waiting for the room; else sharers could follow each other in for ever.
        with _locked(self._door, fcntl.LOCK_EX):
            fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the files."""
        self._door.close()
        self._room.close()


@contextmanager
def _locked(file: IO[str], how: int) -> Iterator[None]:
    fcntl.flock(file, how)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
