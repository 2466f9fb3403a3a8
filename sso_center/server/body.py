"""Bodies on their way in: awaited, never longer, slower or more of them than the worker can hold."""

import time
from asyncio import CancelledError
from collections.abc import Callable
from threading import Lock

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from sso_center.server.answers import Refused
from sso_center.server.rsgi import Body, ServerFuture

MAX_HELD = 16 * 1024 * 1024
"""How many bytes of bodies under way one worker makes room for; beyond it the oldest has to go."""

MAX_READINGS = 1024

Then = Callable[[bytes | Refused], None]
"""Called once: with the whole body, or with why there is none (413, 408, 400)."""


class Bodies:
    """All bodies that one worker is reading.

    `max_body` in bytes and `timeout` in seconds hold for each; `max_held` bytes for all together. A
    thousand sockets that send nothing therefore cost a known amount, and whoever comes next is let in:
    the one that waited longest is dropped instead, which a sender of ordinary speed never is.
    """

    def __init__(self, max_body: int, timeout: float, max_held: int = MAX_HELD) -> None:
        self.max_body = max_body
        self._timeout = timeout
        self._max_held = max(max_held, 2 * max_body)
        self._held = 0
        self._lock = Lock()  # the application thread adds, and any thread takes away
        self._readings: dict[_Reading, None] = {}

    def read(self, body: Body, length: int | None, then: Then) -> None:
        """Read the whole body and call `then`; `length` is what was announced, None for chunked.

        Raises Refused (413) at once when more is announced than may come.
        """
        if length is not None and length > self.max_body:
            raise Refused(413)
        room = self.max_body if length is None else length
        reading = _Reading(self, body, room, time.monotonic() + self._timeout, then)
        for crowded_out in self._admit(reading):
            crowded_out.drop()
        if length is None:
            reading.take_pieces()
        else:
            reading.take_whole()

    def drop_overdue(self) -> None:
        """Drop what has taken too long; to be called a few times a second, from any one thread."""
        now = time.monotonic()
        for reading in list(self._readings):
            if reading.deadline > now:
                break
            reading.drop()

    def forget(self, reading: "_Reading") -> None:
        """Give back the room of a reading that ended."""
        with self._lock:
            self._remove(reading)

    def _admit(self, reading: "_Reading") -> list["_Reading"]:
        crowded_out = []
        with self._lock:
            while self._held + reading.room > self._max_held or len(self._readings) >= MAX_READINGS:
                oldest = next(iter(self._readings))
                self._remove(oldest)
                crowded_out.append(oldest)
            self._readings[reading] = None
            self._held += reading.room
        return crowded_out

    def _remove(self, reading: "_Reading") -> None:
        if reading in self._readings:
            del self._readings[reading]
            self._held -= reading.room


class _Reading:
    """One body under way. Its steps run on the application thread; `drop` may come from another."""

    def __init__(self, bodies: Bodies, body: Body, room: int, deadline: float, then: Then) -> None:
        self.room = room
        self.deadline = deadline
        self._bodies = bodies
        self._body = body
        self._then = then
        self._pieces: list[bytes] = []
        self._size = 0
        self._ends = 0
        self._is_dropped = False
        self._coming: ServerFuture | None = None

    def take_whole(self) -> None:
        self._await(self._body(), self._took_whole)

    def take_pieces(self) -> None:
        self._body.__aiter__()
        self._take_piece()

    def drop(self) -> None:
        self._is_dropped = True
        if self._coming is not None:
            self._coming.cancel()

    def _await(self, coming: ServerFuture, callback: Callable[[ServerFuture], None]) -> None:
        self._coming = coming
        if self._is_dropped:
            coming.cancel()
        coming.add_done_callback(callback)

    def _took_whole(self, coming: ServerFuture) -> None:
        self._end(_outcome(coming))

    def _take_piece(self) -> None:
        try:
            self._await(self._body.__anext__(), self._took_piece)
        except StopAsyncIteration:
            # Granian ends a body with one empty piece; a chunk that can't be read, or a sender that
            # went away, shows as one more. Half a form must not be taken for a whole one.
            self._end(b"".join(self._pieces) if self._ends == 1 else Refused(400))

    def _took_piece(self, coming: ServerFuture) -> None:
        piece = _outcome(coming)
        if isinstance(piece, Refused):
            return self._end(piece)
        self._size += len(piece)
        self._ends += not piece
        if self._size > self._bodies.max_body:
            return self._end(Refused(413))
        self._pieces.append(piece)
        self._take_piece()

    def _end(self, outcome: bytes | Refused) -> None:
        # Granian's object holds this one by its callback and is invisible to the garbage collector.
        self._coming = None
        self._bodies.forget(self)
        self._then(outcome)


def _outcome(coming: ServerFuture) -> bytes | Refused:
    try:
        return coming.result()
    except CancelledError:
        return Refused(408)
    except (ProtocolClosed, ProtocolError):
        return Refused(400)
