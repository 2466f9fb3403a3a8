"""A request that began before a logout and ends after it never brings the local session back."""

import asyncio
import random
from dataclasses import replace
from http.cookies import SimpleCookie
from secrets import token_hex

import pytest

from tests.guarantees.bound.clock import SECOND, now_ns
from tests.guarantees.bound.lane import Lane
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.people import sign_in, sign_out
from tests.guarantees.bound.plan import ALONE, MAX_STALENESS
from tests.guarantees.bound.site import SERVED, BoundSite, Process
from tests.guarantees.bound.stage import LANES, Stage, chosen_seed
from tests.harness.rounds import rounds
from tests.harness.waiting import eventually

AT_ONCE = 3
"""Requests under way in each process when the logout comes."""


@pytest.mark.prove
def test_a_late_request_brings_no_session_back(stage: Stage) -> None:
    seed = chosen_seed()
    numbers = list(range(rounds(120)))

    async def go_on(lane: Lane) -> None:
        while numbers:
            await _Round(lane.site, f"{seed}/{numbers.pop()}").play()

    manners = [replace(manner, hears_notices=True) for manner in stage.manners(min(LANES, len(numbers)))]

    async def play() -> None:
        async with stage.lanes(manners) as lanes, asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(go_on(lane))

    asyncio.run(play())


class _Round:
    """Somebody is signed out while requests of theirs are under way, which touch their session afterwards."""

    def __init__(self, site: BoundSite, name: str) -> None:
        self._site, self._name = site, name
        self._luck = random.Random(name)

    async def play(self) -> None:
        who = await asyncio.to_thread(sign_in, self._site.center, self._site, 0)
        way = self._luck.choice(ALONE)
        try:
            late = [_Late(process, who.cookie) for process in self._site.processes for _ in range(AT_ONCE)]
            for one in late:
                await one.begin()
            await self._site.set_networks(Network.ONE_WAY)
            # Some have asked the center before the logout, and hear its answer after it; some ask later.
            ended = [asyncio.create_task(one.end(self._luck.choice((0, 0, 0.4)))) for one in late]
            await asyncio.sleep(self._luck.uniform(0.1, 0.3))
            acknowledged = await asyncio.to_thread(sign_out, who, way)
            await self._until_told(who.sid)
            await self._site.set_networks(Network.OPEN)
            cookies = await asyncio.gather(*ended)
            await asyncio.sleep(MAX_STALENESS - (now_ns() - acknowledged) / SECOND)
            for cookie in {who.cookie, *cookies}:
                await self._expect_nobody(cookie, f"{way}, {self._name}")
            await self._until_told(who.sid)
        finally:
            who.browser.close()

    async def _until_told(self, sid: str) -> None:
        if self._site.manner.hears_notices:
            await asyncio.to_thread(eventually, lambda: not self._site.is_kept(sid), what="the notice")

    async def _expect_nobody(self, cookie: str, told: str) -> None:
        for process in self._site.processes:
            answer = await process.ask(cookie)
            assert answer is not None
            assert answer.status != SERVED, f"a session came back: {told}"


class _Late:
    """A request that is let in, and then waits inside until it is told to touch the session."""

    def __init__(self, process: Process, cookie: str) -> None:
        self._process, self._cookie = process, cookie
        self._door = token_hex(8)

    async def begin(self) -> None:
        """Send it, and return once it waits."""
        self._answer = asyncio.create_task(self._process.ask(self._cookie, f"/slow/{self._door}"))
        while not await self._process.says(SERVED, "", f"/waits/{self._door}"):
            await asyncio.sleep(0.02)

    async def end(self, seconds: float) -> str:
        """Let it go on after a while; returns the browser's cookies as they are then."""
        await asyncio.sleep(seconds)
        await self._process.ask("", f"/open/{self._door}")
        answer = await self._answer
        assert answer is not None
        kept = SimpleCookie(self._cookie)
        for line in answer.set_cookies:
            kept.load(line)
        return "; ".join(f"{name}={one.value}" for name, one in kept.items())
