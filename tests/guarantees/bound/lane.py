"""Plays schedules at one site, and judges what its processes answered."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.guarantees.bound.clock import SECOND, now_ns
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.people import Visitor, sign_in, sign_out
from tests.guarantees.bound.plan import MAX_STALENESS, Fault, Plan, Trouble, Way
from tests.guarantees.bound.site import NOBODY, PATIENCE, SERVED, Answer, BoundSite, Process
from tests.guarantees.bound.watch import Watch, note

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
    to_others: list[Answer] = field(default_factory=list)
    """What somebody else was told at the same site."""

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

    @property
    def has_hit_others(self) -> bool:
        """Whether somebody was signed out whom nobody did sign out."""
        is_meant = self.plan.way in (Way.CLIENT, Way.EVERYONE)
        return not is_meant and any(one.status == NOBODY for one in self.to_others)


class Lane:
    """A site at which one schedule after the other is played, beside somebody who stays signed in."""

    def __init__(self, site: BoundSite) -> None:
        self.site = site
        self._forked: list[Process] = []
        self._other: Visitor | None = None

    def _all(self) -> list[Process]:
        return [*self.site.processes, *self._forked]

    async def play(
        self, plan: Plan, *, begin: Callable[[], Awaitable[object]] = at_once, sign_out: SignOut = by_plan
    ) -> Outcome:
        """Sign somebody in, break and mend, sign them out, and ask all the time."""
        other = await self._sign_in_other()
        who = await asyncio.to_thread(sign_in, self.site.center, self.site, plan.entry)
        outcome = Outcome(plan)
        try:
            await self._until_all_say(SERVED, who.cookie)
            await begin()
            await self._go_through(plan, who, other, sign_out, outcome)
            if not outcome.violations:
                outcome.answers += await self._until_all_say(NOBODY, who.cookie)
        except Exception as failed:
            failed.add_note(f"in {plan}")
            raise
        finally:
            await self._tidy(who)
        return outcome

    async def _sign_in_other(self) -> Visitor:
        other = self._other
        if other is None or not await self.site.processes[0].says(SERVED, other.cookie):
            # A logout of everybody was for them too.
            self.close()
            other = self._other = await asyncio.to_thread(sign_in, self.site.center, self.site, 0)
        return other

    async def _go_through(
        self, plan: Plan, who: Visitor, other: Visitor, sign_out: SignOut, outcome: Outcome
    ) -> None:
        luck = random.Random(plan.number)
        async with Watch(self._all, other.cookie, outcome.to_others, luck):
            breaking = [asyncio.create_task(self._break(fault)) for fault in plan.faults]
            async with Watch(self._all, who.cookie, outcome.answers, luck) as visiting:
                await asyncio.sleep(plan.logout_at)
                if plan.is_quiet:
                    visiting.end()
                outcome.acknowledged = await sign_out(who, plan)
                bound = outcome.acknowledged + int(MAX_STALENESS * SECOND)
                await asyncio.sleep((bound - now_ns()) / SECOND)
                if plan.is_quiet:
                    visiting.begin()
                await asyncio.sleep(plan.watched_for)
                await asyncio.gather(*breaking)
                await self.site.heal()

    async def _break(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        await asyncio.gather(*(self._break_one(fault, index) for index in fault.processes))

    async def _break_one(self, fault: Fault, index: int) -> None:
        if isinstance(fault.what, Network):
            await self.site.set_network(index, fault.what)
            await asyncio.sleep(fault.lasts)
            await self.site.set_network(index, Network.OPEN)
        elif fault.what is Trouble.STOPPED:
            process = self.site.processes[index]
            process.stop()
            await asyncio.sleep(fault.lasts)
            process.go_on()
        elif fault.what is Trouble.RESTARTED:
            await self.site.restart(index)
        else:
            forked = await self.site.fork(index)
            self._forked += [] if forked is None else [forked]

    async def _until_all_say(self, status: int, cookie: str) -> list[Answer]:
        answers: list[Answer] = []
        async with asyncio.timeout(PATIENCE):
            for process in self._all():
                # What was forked ends with the process that it came of.
                while process.is_there:
                    await note(process, cookie, answers)
                    if answers and answers[-1].status == status:
                        break
                    await asyncio.sleep(0.05)
        return answers

    def close(self) -> None:
        """Let go of the browser of who stayed signed in."""
        if self._other is not None:
            self._other.browser.close()

    async def _tidy(self, who: Visitor) -> None:
        await self.site.heal()
        for process in self._forked:
            await process.end()
        self._forked.clear()
        who.browser.close()
