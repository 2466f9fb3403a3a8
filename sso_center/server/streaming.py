"""Streaming answers: none holds a thread, and an unread one holds no memory.

Granian accepts all bytes and never says how many are still waiting. So the kernel is asked: a connection with
an empty send queue has taken everything, and one whose queue stays full while it gets too much is cut. That
costs a look through this process's files, so only connections that got much are looked at.
"""

import fcntl
import ipaddress
import logging
import os
import socket
import struct
import termios
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from sso_center.server.environ import peer
from sso_center.server.rsgi import Exchange, ServerFuture, Transport
from sso_center.web.streams import Source

MUCH = 64 * 1024
"""Bytes sent to a connection after which its send queue is looked at."""

TOO_MUCH = 1024 * 1024
"""Bytes that may wait for one reader, beside those that arrive while it has its time."""

TIME_TO_READ = 1.0
"""Seconds within which a slow reader must at least once have taken everything."""

logger = logging.getLogger("sso_center.server")


class StreamBody:
    """The body of a streaming answer, as the application returns it."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __iter__(self) -> Iterator[bytes]:
        """Yield nothing, and end the stream: a caller that iterates can't stream."""
        self.source.over()
        return iter(())


class StreamingAnswers:
    """All streaming answers of one worker."""

    def __init__(self, too_much: int = TOO_MUCH) -> None:
        self._too_much = too_much
        self._open: dict[_StreamingAnswer, None] = {}
        self._is_ending = False

    def begin(
        self, exchange: Exchange, client: str, status: int, headers: list[tuple[str, str]], source: Source
    ) -> None:
        """Send the head to `client`, and let the source begin."""
        try:
            transport = exchange.response_stream(status, headers)
        except BaseException:
            source.over()
            raise
        writer = _StreamingAnswer(self, transport, client, source)
        self._open[writer] = None
        exchange.client_disconnect().add_done_callback(writer.lost)
        try:
            source.begin(writer)
        except Exception:
            logger.exception("A stream failed to begin.")
            writer.end()
        if self._is_ending:
            writer.end()

    def tick(self) -> None:
        """Cut unread answers; call it a few times a second."""
        suspects = {_address(one.client): one for one in tuple(self._open) if one.given > MUCH}
        if not suspects:
            return
        now = time.monotonic()
        for address, connection in _connections():
            writer = suspects.get(address)
            if writer is not None and self._is_stuck(writer, connection, now):
                logger.warning("A stream is not read, and cut.", extra={"client": writer.client})
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                writer.end()

    def _is_stuck(self, writer: "_StreamingAnswer", connection: socket.socket, now: float) -> bool:
        if not _waiting(connection):
            writer.given, writer.full_since = 0, None
            return False
        if writer.full_since is None:
            writer.full_since = now
        return writer.given > self._too_much and now - writer.full_since >= TIME_TO_READ

    def end_all(self) -> None:
        """End all answers, and each new one at once: the worker stops."""
        self._is_ending = True
        for writer in tuple(self._open):
            writer.end()

    def forget(self, writer: "_StreamingAnswer") -> bool:
        """Remove one; say whether it was there."""
        return self._open.pop(writer, self) is None


class _StreamingAnswer:
    """One streaming answer; `given` counts the bytes since everything was known to be taken.

    `full_since` is when its queue was first found non-empty after that (monotonic).
    """

    __slots__ = ("_answers", "_source", "_transport", "client", "full_since", "given")

    def __init__(self, answers: StreamingAnswers, transport: Transport, client: str, source: Source) -> None:
        self.client = client
        self.given = 0
        self.full_since: float | None = None
        self._answers = answers
        self._transport: Transport | None = transport
        self._source = source

    def send(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        self.given += len(data)
        try:
            transport.send_bytes(data)
        except (ProtocolClosed, ProtocolError):
            # Nobody is there any more; Granian says so later once more by itself.
            self.end()
        except Exception:
            logger.exception("A stream failed.")
            self.end()

    def end(self) -> None:
        # Granian ends the answer when nothing refers to its transport any more.
        self._transport = None
        if self._answers.forget(self):
            self._source.over()

    def lost(self, _: ServerFuture) -> None:
        self.end()


def _connections() -> Iterable[tuple[tuple[str, int], socket.socket]]:
    """Yield the peer and the socket of each connection of this process.

    The socket is a second handle: its number can't be reused while it is looked at.
    """
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return  # no file descriptor left to look with: unread answers wait until there is one
    for name in names:
        with suppress(OSError, ValueError), _second_handle(int(name)) as connection:
            host, port = connection.getpeername()[:2]
            yield (_normal(host), port), connection


def _second_handle(number: int) -> socket.socket:
    """Return a socket for a file of this process. Raises OSError when it is no socket, or gone."""
    handle = os.dup(number)
    try:
        return socket.socket(fileno=handle)
    except OSError:
        os.close(handle)
        raise


def _waiting(connection: socket.socket) -> int:
    """Return how many bytes the kernel still has for the other end."""
    with suppress(OSError):
        answer = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", answer)[0])
    return 0


def _address(client: str) -> tuple[str, int]:
    host, port = peer(client)
    return _normal(host), int(port)


def _normal(host: str) -> str:
    return str(ipaddress.ip_address(host.partition("%")[0]))
