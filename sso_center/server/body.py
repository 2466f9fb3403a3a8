"""Request bodies: awaited, and limited in size, time and number to what the worker can hold."""

import time
from asyncio import CancelledError
from collections.abc import Callable
from threading import Lock

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from sso_center.server.answers import RefusedRequest
from sso_center.server.rsgi import Body, ServerFuture

MAX_HELD = 16 * 1024 * 1024
"""Bytes of incomplete bodies that one worker holds; beyond it the oldest is dropped."""

MAX_READINGS = 1024

Then = Callable[[bytes | RefusedRequest], None]
"""Called once: with the whole body, or with the refusal (413, 408, 400)."""


class Bodies:
    """All bodies that one worker is reading.

    `max_body` in bytes and `timeout` in seconds limit each body; `max_held` bytes limit all together. A
    thousand silent sockets therefore cost a known amount, and a new body is still admitted: the one that
    waited longest is dropped instead, which never hits a sender of ordinary speed.
    """

    def __init__(self, max_body: int, timeout: float, max_held: int = MAX_HELD) -> None:
        self.max_body = max_body
        self._timeout = timeout
        self._max_held = max(max_held, 2 * max_body)
        self._held = 0
        self._lock = Lock()  # the application thread adds, any thread removes
        self._readings: dict[_BodyRead, None] = {}

    def read(self, body: Body, length: int | None, then: Then) -> None:
        """Read the whole body and call `then`; `length` is what was announced, None for chunked.

        Raises Refused (413) at once when more is announced than may come.
        """
        if length is not None and length > self.max_body:
            raise RefusedRequest(413)
        room = self.max_body if length is None else length
        reading = _BodyRead(self, body, room, time.monotonic() + self._timeout, then)
        for crowded_out in self._admit(reading):
            crowded_out.drop()
        if length is None:
            reading.take_pieces()
        else:
            reading.take_whole()

    def drop_overdue(self) -> None:
        """Drop bodies that took too long; call it a few times a second, from any one thread."""
        now = time.monotonic()
        for reading in list(self._readings):
            if reading.deadline > now:
                break
            reading.drop()

    def forget(self, reading: "_BodyRead") -> None:
        """Release the room of a body that ended."""
        with self._lock:
            self._remove(reading)

    def _admit(self, reading: "_BodyRead") -> list["_BodyRead"]:
        crowded_out = []
        with self._lock:
            while self._held + reading.room > self._max_held or len(self._readings) >= MAX_READINGS:
                oldest = next(iter(self._readings))
                self._remove(oldest)
                crowded_out.append(oldest)
            self._readings[reading] = None
            self._held += reading.room
        return crowded_out

    def _remove(self, reading: "_BodyRead") -> None:
        if reading in self._readings:
            del self._readings[reading]
            self._held -= reading.room


class _BodyRead:
    """One incomplete body. Its steps run on the application thread; `drop` may come from another."""

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
            # Granian ends a body with one empty piece; an unreadable chunk, or a sender that went away, shows
            # as one more. Half a form must not be taken for a whole one.
            self._end(b"".join(self._pieces) if self._ends == 1 else RefusedRequest(400))

    def _took_piece(self, coming: ServerFuture) -> None:
        piece = _outcome(coming)
        if isinstance(piece, RefusedRequest):
            return self._end(piece)
        self._size += len(piece)
        self._ends += not piece
        if self._size > self._bodies.max_body:
            return self._end(RefusedRequest(413))
        self._pieces.append(piece)
        self._take_piece()

    def _end(self, outcome: bytes | RefusedRequest) -> None:
        # Granian's object holds this one by its callback and is invisible to the garbage collector.
        self._coming = None
        self._bodies.forget(self)
        self._then(outcome)


def _outcome(coming: ServerFuture) -> bytes | RefusedRequest:
    try:
        return coming.result()
    except CancelledError:
        return RefusedRequest(408)
    except (ProtocolClosed, ProtocolError):
        return RefusedRequest(400)
