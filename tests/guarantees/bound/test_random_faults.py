"""Nobody is served by any process of any site later than the bound after their logout, whatever breaks."""

import asyncio
import signal
import socket

import pytest

from tests.guarantees.bound.lane import Lane, Outcome
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.people import Visitor, sign_out
from tests.guarantees.bound.plan import (
    PROCESSES,
    Fault,
    Halt,
    Outage,
    Plan,
    Trouble,
    Way,
    make_outage,
    make_plan,
)
from tests.guarantees.bound.site import PATIENCE, Manner
from tests.guarantees.bound.stage import LANES, Stage, chosen_numbers, chosen_seed, play
from tests.harness.rounds import rounds
from tests.harness.waiting import eventually

ALONE, TOGETHER = 400, 100


@pytest.mark.prove
def test_the_bound_holds_whatever_breaks_between_the_sites_and_the_center(stage: Stage) -> None:
    seed = chosen_seed()
    plans = [make_plan(seed, number) for number in chosen_numbers(rounds(ALONE))]
    judge(asyncio.run(play(stage, plans, stage.manners(min(LANES, len(plans))))))


@pytest.mark.prove
def test_the_bound_holds_whatever_happens_to_the_center(stage: Stage) -> None:
    seed = chosen_seed()
    numbers = chosen_numbers(rounds(TOGETHER))
    judge(asyncio.run(play_together(stage, seed, numbers)))


BOTH = tuple(range(PROCESSES))
FOUND_BY = {
    # What was asked before the logout is heard after it, and then nothing more.
    "fresh from receipt": Plan(
        seed=0,
        number=0,
        entry=0,
        way=Way.ADMIN,
        logout_at=0.65,
        faults=(Fault(0.3, 0.9, BOTH, Network.ONE_WAY), Fault(1.205, 1.3, BOTH, Network.FROZEN)),
        watched_for=0.5,
        is_quiet=False,
    ),
    # The processes that heard of the logout are gone when the person comes again.
    "covers all": Plan(
        seed=0,
        number=0,
        entry=0,
        way=Way.ADMIN,
        logout_at=0.1,
        faults=(Fault(0.4, 0, BOTH, Trouble.RESTARTED),),
        watched_for=0.2,
        is_quiet=True,
    ),
}


def test_an_sdk_without_one_of_its_mechanisms_is_found_out(stage: Stage) -> None:
    """The proof can fail. What it takes is luck too, so it may try a few times."""

    async def find_out(weakness: str, plan: Plan) -> bool:
        # Nothing comes to its aid: no notices, no streams, no store that another process hears for it.
        manners = [Manner(without_streams=BOTH, weakness=weakness)] * 4
        for _ in range(8):
            outcomes = await play(stage, [plan] * 4, manners)
            if any(outcome.violations for outcome in outcomes):
                return True
        return False

    async def find_out_all() -> list[bool]:
        return await asyncio.gather(*(find_out(weakness, plan) for weakness, plan in FOUND_BY.items()))

    assert all(asyncio.run(find_out_all())), list(FOUND_BY)


async def play_together(stage: Stage, seed: int, numbers: list[int]) -> list[Outcome]:
    """Play as many schedules at a time as there are lanes, all under the same outage of the center."""
    outcomes: list[Outcome] = []
    async with stage.lanes(stage.manners(min(LANES, len(numbers)))) as lanes:
        for first in range(0, len(numbers), len(lanes)):
            plans = [make_plan(seed, number, list(Way)) for number in numbers[first : first + len(lanes)]]
            outage = make_outage(seed, plans[0].number // LANES)
            outcomes += await _Wave(stage, outage).play(lanes, plans)
    return outcomes


class _Wave:
    """Schedules that share an outage of the center; a logout of everybody is one for all of them."""

    def __init__(self, stage: Stage, outage: Outage) -> None:
        self._stage, self._outage = stage, outage
        self._center = stage.center
        self._everyone: list[int] = []

    async def play(self, lanes: list[Lane], plans: list[Plan]) -> list[Outcome]:
        ready = asyncio.Barrier(len(plans) + 1)
        async with asyncio.TaskGroup() as group:
            played = [
                group.create_task(lane.play(plan, begin=ready.wait, sign_out=self._sign_out))
                for lane, plan in zip(lanes, plans, strict=False)
            ]
            await ready.wait()
            await self._go_away()
        return [task.result() for task in played]

    async def _go_away(self) -> None:
        await asyncio.sleep(self._outage.at)
        process = self._center.process
        assert process is not None
        process.send_signal(signal.SIGTERM if self._outage.how is Halt.STOPPED else signal.SIGKILL)
        await asyncio.to_thread(process.wait, PATIENCE)
        # Workers outlive a killed center for a moment, and would pass for the one that is started.
        await asyncio.to_thread(eventually, self._is_gone, within=PATIENCE, what="the end of the workers")
        await asyncio.sleep(self._outage.lasts)
        await asyncio.get_running_loop().run_in_executor(self._stage.starter, self._center.start)

    def _is_gone(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._center.port)) != 0

    async def _sign_out(self, who: Visitor, plan: Plan) -> int:
        acknowledged = await asyncio.to_thread(sign_out, who, plan.way)
        if plan.way is Way.EVERYONE:
            self._everyone.append(acknowledged)
        return min([acknowledged, *self._everyone])


def judge(outcomes: list[Outcome]) -> None:
    """Assert that nobody was served too late, and that it was tried."""
    violations = [violation for outcome in outcomes for violation in outcome.violations]
    assert not violations, "\n".join([f"{len(violations)} answers too late:", *violations[:10]])
    for outcome in outcomes:
        assert outcome.after_the_bound, f"nobody asked after the bound: {outcome.plan}"
    # A logout of everybody is for those of the other lanes too.
    if not any(outcome.plan.way is Way.EVERYONE for outcome in outcomes):
        assert not [outcome.plan for outcome in outcomes if outcome.has_hit_others], (
            "others are signed out too"
        )
