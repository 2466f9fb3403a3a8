"""The line between a site's process and the center, with its faults."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from tests.guarantees.bound.network import Network

LONGEST_DELAY = 1.5
"""Seconds that an answer is held at most by a link that is late, or out of order."""

_RESET = struct.pack("ii", 1, 0)
_CHUNK = 65_536


class Link:
    """Listens on a port of its own and passes bytes to the center's, as its network has it at the time.

    One that `keeps_streams` is like a proxy that holds an answer back until it is whole.
    """

    def __init__(self, center_port: int, luck: random.Random, *, keeps_streams: bool = False) -> None:
        self._keeps_streams = keeps_streams
        self._center_port = center_port
        self._luck = luck
        self._network = Network.OPEN
        self._changed = asyncio.Condition()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._questions = 0
        self._answered = 0
        self.port = 0

    async def open(self) -> "Link":
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def become(self, network: Network) -> None:
        """Change what happens from now on, also to connections that stand already."""
        self._network = network
        for connection in list(self._connections):
            if network is Network.DROPPED:
                connection.reset()
            if network is Network.VANISHED:
                connection.has_vanished = True
        async with self._changed:
            self._changed.notify_all()

    async def heal(self) -> None:
        """Be open, and end the connections that would be silent for ever."""
        await self.become(Network.OPEN)
        for connection in list(self._connections):
            if connection.has_vanished:
                connection.reset()

    async def close(self) -> None:
        """Stop listening, and end what stands."""
        if self._server is not None:
            self._server.close()
        await self.become(Network.DROPPED)
        while self._connections:
            await asyncio.sleep(0.01)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        connection.has_vanished = self._network is Network.VANISHED
        try:
            if self._network is Network.DROPPED:
                connection.reset()
            else:
                await self._until(lambda: self._network is not Network.FROZEN)
                await self._carry(connection, reader)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(connection)
            connection.close()

    async def _carry(self, connection: "_Connection", reader: asyncio.StreamReader) -> None:
        answers, center = await asyncio.open_connection("127.0.0.1", self._center_port)
        connection.center = center
        there = asyncio.create_task(self._pass_questions(connection, reader, center))
        back = asyncio.create_task(self._pass_answers(connection, answers))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (there, back):
                one.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _pass_questions(
        self, connection: "_Connection", reader: asyncio.StreamReader, center: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(_CHUNK):
            self._questions += 1
            connection.question = self._questions
            await self._until(lambda: self._network is not Network.FROZEN)
            if not connection.has_vanished:
                center.write(data)

    async def _pass_answers(self, connection: "_Connection", answers: asyncio.StreamReader) -> None:
        while data := await answers.read(_CHUNK):
            await self._hold(connection.question)
            if self._keeps_streams and b"text/event-stream" in data:
                await asyncio.Event().wait()
            if not connection.has_vanished:
                connection.site.write(data)
                await self._note_answered(connection.question)
        await self._until(lambda: self._network is not Network.FROZEN)
        if connection.has_vanished:
            # The end of a connection is news too: the site only learns it by its own time limit.
            await asyncio.Event().wait()

    async def _hold(self, question: int) -> None:
        if self._network is Network.LATE:
            await asyncio.sleep(self._luck.uniform(0, LONGEST_DELAY))
        if self._network is Network.OUT_OF_ORDER:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._until(lambda: self._answered > question), LONGEST_DELAY)
        await self._until(lambda: self._network not in (Network.FROZEN, Network.ONE_WAY))

    async def _note_answered(self, question: int) -> None:
        self._answered = max(self._answered, question)
        if self._network is Network.OUT_OF_ORDER:
            async with self._changed:
                self._changed.notify_all()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        if not is_so():
            async with self._changed:
                await self._changed.wait_for(is_so)


class _Connection:
    """The two halves of one connection through a link; `question` numbers what the site last sent on it."""

    def __init__(self, site: asyncio.StreamWriter) -> None:
        self.site = site
        self.center: asyncio.StreamWriter | None = None
        self.has_vanished = False
        self.question = 0

    def close(self) -> None:
        """End it as it should be: what was written still arrives."""
        self.site.close()
        if self.center is not None:
            self.center.close()

    def reset(self) -> None:
        """End it at once, with a reset rather than a word."""
        handle = self.site.get_extra_info("socket")
        with suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.site.transport.abort()
        if self.center is not None:
            self.center.transport.abort()
