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
from tests.guarantees.bound.plan import Plan
from tests.guarantees.bound.site import BoundSite, Shops
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

    @asynccontextmanager
    async def lanes(self, count: int, *, weakness: str = "") -> AsyncIterator[list[Lane]]:
        """Open so many sites; `weakness` takes a mechanism out of their SDK."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * count))
        async with AsyncExitStack() as opened:
            yield [await self._open(opened, index, weakness) for index in range(count)]

    async def _open(self, opened: AsyncExitStack, index: int, weakness: str) -> Lane:
        sessions = self.store if index % 2 else "cookie"
        hears_notices = index % 4 == 0
        site = BoundSite(
            self.center,
            self.shops,
            sessions,
            random.Random(index),
            hears_notices=hears_notices,
            weakness=weakness,
        )
        opened.push_async_callback(site.close)
        lane = Lane(await site.open())
        opened.callback(lane.close)
        return lane


async def play(stage: Stage, plans: Sequence[Plan], *, weakness: str = "") -> list[Outcome]:
    """Play schedules, one after the other in each of many lanes; returns what came of them."""
    waiting, outcomes = iter(plans), list[Outcome]()

    async def go_on(lane: Lane) -> None:
        for plan in waiting:
            outcomes.append(await lane.play(plan))

    async with stage.lanes(min(LANES, len(plans)), weakness=weakness) as lanes, asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(go_on(lane))
    return outcomes
