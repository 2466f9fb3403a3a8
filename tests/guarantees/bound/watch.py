"""Requests all the time, to every process, with all the answers."""

import asyncio
import random
from collections.abc import Callable

from tests.guarantees.bound.site import PATIENCE, Answer, Process


class Watch:
    """Somebody's requests to all processes, one after the other without waiting for the answers."""

    def __init__(
        self, processes: Callable[[], list[Process]], cookie: str, answers: list[Answer], luck: random.Random
    ) -> None:
        self._processes, self._cookie = processes, cookie
        self._answers, self._luck = answers, luck
        self._asking: set[asyncio.Task[None]] = set()
        self._going_on: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Send requests from now on."""
        self._going_on = asyncio.create_task(self._go_on())

    def end(self) -> None:
        """Send no more."""
        assert self._going_on is not None
        self._going_on.cancel()

    async def _go_on(self) -> None:
        while True:
            for process in self._processes():
                self._asking.add(asyncio.create_task(note(process, self._cookie, self._answers)))
            await asyncio.sleep(self._luck.uniform(0.02, 0.15))

    async def __aenter__(self) -> "Watch":
        self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self._asking)


async def note(process: Process, cookie: str, answers: list[Answer]) -> None:
    """Ask a process once, and add what it said."""
    answer = await process.ask(cookie)
    if answer is not None:
        answers.append(answer)
