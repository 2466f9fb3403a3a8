"""Plays schedules at one site, and judges what its processes answered."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.guarantees.bound.clock import SECOND, now_ns
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.people import Visitor, sign_in, sign_out
from tests.guarantees.bound.plan import MAX_STALENESS, Fault, Plan, Trouble
from tests.guarantees.bound.site import NOBODY, SERVED, Answer, BoundSite, Process

PATIENCE = 60
"""Seconds that a busy machine is given; never a claim about speed."""

SignOut = Callable[[Visitor, Plan], Awaitable[int]]
"""Signs somebody out, and returns when the acknowledgement was there (nanoseconds)."""


async def by_plan(who: Visitor, plan: Plan) -> int:
    """Sign somebody out in the way of their schedule."""
    return await asyncio.to_thread(sign_out, who, plan.way)


async def at_once() -> None:
    """Begin without waiting for others."""


@dataclass
class Outcome:
    """What came of a schedule."""

    plan: Plan
    acknowledged: int = 0
    """When the acknowledgement of the logout was there, in nanoseconds of the machine's clock."""
    answers: list[Answer] = field(default_factory=list)

    @property
    def after_the_bound(self) -> list[Answer]:
        """Return the answers to requests that a process began to decide after the bound."""
        bound = self.acknowledged + int(MAX_STALENESS * SECOND)
        return [one for one in self.answers if one.began > bound]

    @property
    def violations(self) -> list[str]:
        """Return what should not have been: somebody served who is signed out."""
        return [
            f"served {(one.began - self.acknowledged) / SECOND:.3f} s after the logout: {self.plan}"
            for one in self.after_the_bound
            if one.status == SERVED
        ]


class Lane:
    """A site at which one schedule after the other is played."""

    def __init__(self, site: BoundSite) -> None:
        self.site = site
        self._forked: list[Process] = []

    async def play(
        self, plan: Plan, *, begin: Callable[[], Awaitable[object]] = at_once, sign_out: SignOut = by_plan
    ) -> Outcome:
        """Sign somebody in, break and mend, sign them out, and ask all the time."""
        who = await asyncio.to_thread(sign_in, self.site.center, self.site, plan.entry)
        outcome = Outcome(plan)
        try:
            await self._until_all_say(SERVED, who.cookie)
            await begin()
            await self._go_through(plan, who, sign_out, outcome)
            await self._until_all_say(NOBODY, who.cookie)
        finally:
            await self._tidy(who)
        return outcome

    async def _go_through(self, plan: Plan, who: Visitor, sign_out: SignOut, outcome: Outcome) -> None:
        watching = asyncio.create_task(self._watch(who.cookie, outcome, random.Random(plan.number)))
        breaking = [asyncio.create_task(self._break(fault)) for fault in plan.faults]
        await asyncio.sleep(plan.logout_at)
        outcome.acknowledged = await sign_out(who, plan)
        bound = outcome.acknowledged + int(MAX_STALENESS * SECOND)
        await asyncio.sleep((bound - now_ns()) / SECOND + plan.watched_for)
        await asyncio.gather(*breaking)
        await asyncio.sleep(0.1)
        await self.site.heal()
        watching.cancel()
        await asyncio.wait((watching,))

    async def _watch(self, cookie: str, outcome: Outcome, luck: random.Random) -> None:
        async with asyncio.TaskGroup() as asked:
            while True:
                for process in [*self.site.processes, *self._forked]:
                    asked.create_task(self._note(process, cookie, outcome))
                await asyncio.sleep(luck.uniform(0.02, 0.12))

    async def _note(self, process: Process, cookie: str, outcome: Outcome) -> None:
        answer = await process.ask(cookie)
        if answer is not None:
            outcome.answers.append(answer)

    async def _break(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        if isinstance(fault.what, Network):
            await self.site.set_network(fault.process, fault.what)
            await asyncio.sleep(fault.lasts)
            await self.site.set_network(fault.process, Network.OPEN)
        elif fault.what is Trouble.STOPPED:
            process = self.site.processes[fault.process]
            process.stop()
            await asyncio.sleep(fault.lasts)
            process.go_on()
        elif fault.what is Trouble.RESTARTED:
            await self.site.restart(fault.process)
        else:
            forked = await self.site.fork(fault.process)
            self._forked += [] if forked is None else [forked]

    async def _until_all_say(self, status: int, cookie: str) -> None:
        async with asyncio.timeout(PATIENCE):
            for process in [*self.site.processes, *self._forked]:
                # What was forked ends with the process that it came of.
                while process.is_there and not await process.says(status, cookie):
                    await asyncio.sleep(0.05)

    async def _tidy(self, who: Visitor) -> None:
        await self.site.heal()
        for process in self._forked:
            await process.end()
        self._forked.clear()
        who.browser.close()
