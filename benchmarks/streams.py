"""Subscribers of the center's endings: event streams in one process, each with when it had heard of what."""

import multiprocessing
import os
import re
import select
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from benchmarks.processes import NOWHERE, Service
from benchmarks.side import Client, Side
from benchmarks.units import basic
from benchmarks.wire import Origin, RefusedError

START = 60.0
"""Seconds until all streams must be open."""

END_OF_EVENT = b"\n\n"
GRANTED = b"HTTP/1.1 200 "
BEGUN = b"event: position"
"""What a stream says first."""

NUMBER = re.compile(rb"id: \S+:(\d+)")

Heard = tuple[int, list[float]]
"""An ending's number, and when each stream had heard of it (seconds of `time.monotonic`)."""


class Subscribers:
    """Streams that stay open in another process."""

    def __init__(self, pipe: Pipe, pid: int) -> None:
        self._pipe = pipe
        self.service = Service((pid,), NOWHERE)

    def heard(self, number: int, patience: float) -> list[float]:
        """Return when each stream had heard of an ending (seconds of `time.monotonic`), once all have.

        Raises RefusedError when one has not after `patience` seconds, or broke off.
        """
        deadline = time.monotonic() + patience
        while True:
            of, moments = _hear(self._pipe, max(deadline - time.monotonic(), 0))
            if of == number:
                return moments


@contextmanager
def subscribed(center: Side, clients: Sequence[Client], count: int) -> Iterator[Subscribers]:
    """Open `count` event streams, of the clients in turn, for the block. Raises RefusedError."""
    # Forked: a fresh interpreter would take half a second of a core first.
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_work, args=(center, clients, count, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        _hear(ours, START)
        yield Subscribers(ours, process.pid or 0)
    finally:
        process.terminate()
        process.join()
        ours.close()


def _hear(pipe: Pipe, patience: float) -> Heard:
    try:
        said = (
            pipe.recv() if pipe.poll(patience) else RefusedError(f"not all streams heard in {patience:.0f} s")
        )
    except EOFError:
        said = RefusedError("the subscribers' process ended; what it says is above")
    if isinstance(said, RefusedError):
        raise said
    number, moments = said
    return number, moments


def _work(center: Side, clients: Sequence[Client], count: int, pipe: Pipe) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    try:
        streams = [Stream.open(center.origin, clients[number % len(clients)]) for number in range(count)]
        _listen(streams, pipe)
    except (RefusedError, OSError) as failed:
        pipe.send(RefusedError(f"the event streams: {failed}"))


def _listen(streams: Sequence["Stream"], pipe: Pipe) -> None:
    """Read all streams for as long as somebody listens; tells of each ending that all have heard of."""
    waiting = select.epoll()
    by_file = {stream.socket.fileno(): stream for stream in streams}
    for file in by_file:
        waiting.register(file, select.EPOLLIN)
    heard: defaultdict[int, list[float]] = defaultdict(list)
    pipe.send((0, []))
    parent = os.getppid()
    while os.getppid() == parent:
        for file, _ in waiting.poll(1.0):
            for number in by_file[file].numbers():
                heard[number].append(time.monotonic())
                if len(heard[number]) == len(streams):
                    pipe.send((number, heard.pop(number)))


@dataclass
class Stream:
    """One open stream, and what of an event has come so far."""

    socket: socket.socket
    received: bytes = b""

    @classmethod
    def open(cls, origin: Origin, client: Client) -> "Stream":
        """Ask for it, and wait until it is granted. Raises RefusedError."""
        stream = cls(socket.create_connection(("127.0.0.1", origin.port), START))
        try:
            stream.socket.sendall(origin.get("/endings", basic(client, "text/event-stream")))
            stream._begin()
        except BaseException:
            stream.socket.close()
            raise
        return stream

    def _begin(self) -> None:
        # However few bytes come at a time: one read may bring less than the first word.
        while len(self.received) < len(GRANTED):
            self._receive()
        if not self.received.startswith(GRANTED):
            raise RefusedError(f"no stream: {self.received[:400]!r}")
        while not any(BEGUN in event for event in self._events()):
            self._receive()

    def numbers(self) -> Iterator[int]:
        """Read what has come, and yield the numbers of its endings. Raises RefusedError when it is closed."""
        if END_OF_EVENT not in self.received:
            self._receive()
        for event in self._events():
            found = NUMBER.search(event)
            if found and b"event: ending" in event:
                yield int(found[1])

    def _receive(self) -> None:
        part = self.socket.recv(65536)
        if not part:
            raise RefusedError(f"a stream was closed after {self.received[-300:]!r}")
        self.received += part

    def _events(self) -> Iterator[bytes]:
        """Take the events that are whole by now."""
        while END_OF_EVENT in self.received:
            event, _, self.received = self.received.partition(END_OF_EVENT)
            yield event
