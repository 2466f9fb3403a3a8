"""Where schedules are played: a center, the sites' processes, and many lanes side by side."""

import asyncio
import os
import random
import secrets
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.guarantees.bound.lane import Lane, Outcome
from tests.guarantees.bound.plan import PROCESSES, Plan
from tests.guarantees.bound.site import BoundSite, Manner, Shops
from tests.harness.center import Center

LANES = 12


def chosen_seed() -> int:
    """Return the seed that `SSO_TESTS_SEED` gives again, or a new one."""
    return int(os.environ.get("SSO_TESTS_SEED") or secrets.randbits(32))


def chosen_numbers(count: int) -> list[int]:
    """Return the schedules to play: those below `count`, or that of `SSO_TESTS_SCHEDULE` in every lane."""
    one = os.environ.get("SSO_TESTS_SCHEDULE")
    return list(range(count)) if one is None else [int(one)] * LANES


@dataclass(frozen=True)
class Stage:
    """One center and what is around it."""

    center: Center
    shops: Shops
    store: str
    """Where half of the sites keep their local sessions; the others do so in cookies."""
    starter: ThreadPoolExecutor
    """A thread to start the center from: Linux ends it when the thread does that it came of."""

    def manners(self, count: int) -> list[Manner]:
        """Return ways to set up so many sites, no two of four alike."""
        luck = random.Random(count)
        return [
            Manner(
                sessions=self.store if index % 2 else "cookie",
                hears_notices=index % 4 == 0,
                without_streams=tuple(one for one in range(PROCESSES) if luck.random() < 0.5),
            )
            for index in range(count)
        ]

    @asynccontextmanager
    async def lanes(self, manners: Sequence[Manner]) -> AsyncIterator[list[Lane]]:
        """Open sites."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * LANES))
        async with AsyncExitStack() as opened:
            yield [await self._open(opened, *numbered) for numbered in enumerate(manners)]

    async def _open(self, opened: AsyncExitStack, index: int, manner: Manner) -> Lane:
        site = BoundSite(self.center, self.shops, manner, random.Random(index))
        opened.push_async_callback(site.close)
        lane = Lane(await site.open())
        opened.callback(lane.close)
        return lane


async def play(stage: Stage, plans: Sequence[Plan], manners: Sequence[Manner]) -> list[Outcome]:
    """Play schedules, one after the other at each of the sites; returns what came of them."""
    waiting, outcomes = iter(plans), list[Outcome]()

    async def go_on(lane: Lane) -> None:
        for plan in waiting:
            outcomes.append(await lane.play(plan))

    async with stage.lanes(manners) as lanes, asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(go_on(lane))
    return outcomes
