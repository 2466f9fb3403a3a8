"""An outage of the center shorter than the bound less the polling interval is noticed by nobody."""

import asyncio
import random
from dataclasses import replace
from secrets import token_hex

from tests.guarantees.bound.clock import SECOND, now_ns
from tests.guarantees.bound.lane import Lane
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.people import Visitor, sign_in
from tests.guarantees.bound.plan import PROCESSES
from tests.guarantees.bound.site import NOBODY, PATIENCE, SERVED, Answer, BoundSite
from tests.guarantees.bound.stage import Stage, chosen_seed
from tests.guarantees.bound.watch import Watch

MAX_STALENESS, INTERVAL, OUTAGE = 3.0, 1.0, 1.6
TIMEOUT = 2.5
"""Of a request to the center: as with the SDK's defaults, longer than a poll's interval would have it."""

CUTS = (Network.FROZEN, Network.DROPPED, Network.VANISHED, Network.ONE_WAY)


def test_a_short_outage_is_not_noticed(stage: Stage) -> None:
    luck = random.Random(chosen_seed())
    manners = [
        replace(manner, max_staleness=MAX_STALENESS, timeout=TIMEOUT, hears_notices=False)
        for manner in stage.manners(2 * len(CUTS))
    ]

    async def play() -> None:
        async with stage.lanes(manners) as lanes, asyncio.TaskGroup() as group:
            for index, lane in enumerate(lanes):
                cut = CUTS[index // 2]
                group.create_task(_cut_off(lane, cut, after=luck.uniform(0, INTERVAL)))

    asyncio.run(play())


async def _cut_off(lane: Lane, cut: Network, *, after: float) -> None:
    site = lane.site
    who = await _at_home(site)
    await _use_many_connections(site)
    await asyncio.sleep(after)
    await _all_follow(site, who)
    answers: list[Answer] = []
    async with Watch(lambda: site.processes, who.cookie, answers, random.Random(0)):
        began = now_ns()
        await site.set_networks(cut)
        await asyncio.sleep(OUTAGE)
        await site.set_networks(Network.OPEN)
        healed = now_ns()
        await asyncio.sleep(TIMEOUT)
    who.browser.close()
    fresh = min(answer.fresh for answer in answers[:PROCESSES])
    if healed - fresh < MAX_STALENESS * SECOND:
        # Else the machine was too busy for an outage that short.
        _judge(cut, answers, began)


def _judge(cut: Network, answers: list[Answer], began: int) -> None:
    told = [
        f"{answer.status} {(answer.began - began) / SECOND:.2f} s after the line was cut, "
        f"with a view {(answer.began - answer.fresh) / SECOND:.2f} s old"
        for answer in answers
        if answer.status != SERVED
    ]
    assert not told, f"{cut}: {told}"


async def _at_home(site: BoundSite) -> Visitor:
    """Sign somebody in whom every process knows to be alive by its view, not because it asked about them."""
    first = await asyncio.to_thread(sign_in, site.center, site, 0)
    await _all_follow(site, first)
    first.browser.close()
    return await asyncio.to_thread(sign_in, site.center, site, PROCESSES - 1)


async def _use_many_connections(site: BoundSite) -> None:
    """Have the center asked about tokens side by side, so that connections lie idle when the line is cut."""
    questions = [process.ask("", "/api", token=f"00{token_hex(16)}") for process in site.processes * 6]
    answers = await asyncio.gather(*questions)
    assert {answer and answer.status for answer in answers} == {NOBODY}, answers


async def _all_follow(site: BoundSite, who: Visitor) -> None:
    """Wait until every process has polled within the interval, or a little more."""
    async with asyncio.timeout(PATIENCE):
        while not all([await _follows(site, index, who) for index in range(PROCESSES)]):
            await asyncio.sleep(0.02)


async def _follows(site: BoundSite, index: int, who: Visitor) -> bool:
    answer = await site.processes[index].ask(who.cookie)
    if answer is None or answer.status != SERVED:
        return False
    return answer.ended - answer.fresh < (MAX_STALENESS - OUTAGE) * SECOND
