"""A process of the center dies by SIGKILL within 20 ms of an acknowledgement, hundreds of times.

Nothing acknowledged is lost by it, and what was under way is either not done or done whole.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sso_center.core.journal import JournalFollower
from sso_center.core.upkeep import Sweep
from sso_center.core.upkeep.sweep import UNFINISHED_AFTER
from sso_center.courier import LEASE_SECONDS, Courier
from sso_center.storage.schema import journal
from tests.endings.belongings import ALL, Belongings, Sites, sites_of
from tests.guarantees.revocations import MANY, ONE, Kinds, People, what_dies
from tests.harness.core import SECOND, Core, core_in
from tests.harness.rounds import rounds

pytestmark = [
    pytest.mark.prove,
    # The child does nothing but what a process of the center does, and never returns here.
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]

ROUNDS = rounds(500, share=100)
"""How often each thing must have been acknowledged before a kill."""

WITHIN = 0.020
"""Seconds from the first acknowledgement to the kill, at most."""

KINDS: Kinds = {**ONE, **MANY}


@contextmanager
def process(work: Callable[[], None]) -> Iterator[int]:
    """Do the work in a process of its own, which is killed when the block ends."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class Worker:
    """What a web worker does: takes one thing back after the other, and says what it has acknowledged."""

    def __init__(self, core: Core, sites: Sites, mine: dict[str, Belongings]) -> None:
        self._core, self._sites, self._mine = core, sites, mine
        self._read, self._write = os.pipe()

    def work(self) -> None:
        for name, held in self._mine.items():
            KINDS[name](self._core, self._sites, held)
            os.write(self._write, f"{name} ".encode())
        time.sleep(10)

    def first(self) -> list[str]:
        """Wait for the first acknowledgement."""
        return os.read(self._read, 1000).decode().split()

    def others(self) -> list[str]:
        """Return what was acknowledged besides, when it is dead."""
        os.close(self._write)
        with os.fdopen(self._read) as said:
            return said.read().split()


def finish(core: Core) -> None:
    """Do what the next courier does with what it finds."""
    services = core.services
    core.time.move(max(UNFINISHED_AFTER, LEASE_SECONDS * SECOND))
    Sweep(services.redis, services.endings, services.revoker, services.clock).sweep()
    follower = JournalFollower(
        services.entries, services.applier, services.users, services.mass_endings.enforce
    )
    while follower.follow():
        pass


def is_recorded(core: Core, mine: Belongings) -> bool:
    with core.services.database.read() as connection:
        wanted = select(func.count()).where(journal.c.sid == mine.sid, journal.c.kind == "ending")
        found = connection.scalar(wanted)
    assert found in (0, 1)
    return bool(found)


def test_an_acknowledged_revocation_outlives_killed_processes_and_none_stays_half_done(
    swift_folder: Path,
) -> None:
    chance, counts = random.Random(500), Counter[str]()
    with core_in(swift_folder) as core:
        sites = sites_of(core)
        people = People(core, sites)
        dead = what_dies(people, KINDS)
        courier = Courier(core.services)
        while min(counts[kind] for kind in ONE) < ROUNDS:
            # One of many at most, and last: it would take what the others are for.
            names = [*chance.sample(tuple(ONE), len(ONE)), chance.choice(tuple(MANY))]
            mine = {name: people.sign_in(name) for name in names}
            core.time.move(1)
            worker = Worker(core, sites, mine)
            with process(lambda: courier.work(threading.Event())), process(worker.work):
                acknowledged = worker.first()
                time.sleep(chance.uniform(0, WITHIN))
            acknowledged += worker.others()
            counts.update(acknowledged)
            for name in acknowledged:
                assert not mine[name].alive() & dead[name], name
            finish(core)
            for name in names:
                left = mine[name].alive()
                assert not left & dead[name] or left == ALL, f"{name} is half done: {sorted(left)}"
            assert is_recorded(core, mine["logout"]) is ("session" not in mine["logout"].alive())
