"""One schedule: who is signed out how, and what breaks meanwhile. Pure data, made of a seed and a number."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.guarantees.bound.network import Network

MAX_STALENESS = 1.0
"""Seconds; the least that the SDK takes."""

PROCESSES = 2
"""Of each site, beside those that are forked on the way."""


class Way(StrEnum):
    """How somebody is signed out."""

    DEVICE = "this browser, at the center"
    SITE = "this browser, at the site"
    ADMIN = "the session, by an admin"
    USER = "everything of the person"
    ROLE = "everybody with their role"
    CLIENT = "everybody at the site"
    EVERYONE = "everybody everywhere"
    PASSWORD = "a new password"
    DISABLED = "the account is disabled"


class Trouble(StrEnum):
    """What can become of a site's process."""

    STOPPED = "stopped and continued"
    RESTARTED = "killed and started again"
    FORKED = "forked"


class Halt(StrEnum):
    """How the center ends, to be started again."""

    STOPPED = "SIGTERM"
    KILLED = "SIGKILL"


ALONE = tuple(way for way in Way if way is not Way.EVERYONE)
"""What signs out only those of one schedule."""


_FAULTS: tuple[Network | Trouble, ...] = (
    *(kind for kind in Network if kind is not Network.OPEN),
    *Trouble,
    # What is late is the most dangerous: it looks like news.
    Network.LATE,
    Network.ONE_WAY,
)
_TARGETS = (*((index,) for index in range(PROCESSES)), tuple(range(PROCESSES)))


@dataclass(frozen=True)
class Fault:
    """Something that breaks in processes `at` seconds from the beginning, and is whole `lasts` later."""

    at: float
    lasts: float
    processes: tuple[int, ...]
    what: Network | Trouble


@dataclass(frozen=True)
class Plan:
    """What happens, in seconds from the moment at which the person is served by every process."""

    seed: int
    number: int
    entry: int
    """The process at which the person signs in."""
    way: Way
    logout_at: float
    faults: tuple[Fault, ...]
    watched_for: float
    """Seconds for which requests go on after the bound has passed."""
    is_quiet: bool
    """Whether the person comes again only after the bound, to processes that may not have met them yet."""


@dataclass(frozen=True)
class Outage:
    """What becomes of the center while several schedules are played together."""

    at: float
    lasts: float
    how: Halt


def make_plan(seed: int, number: int, ways: Sequence[Way] = ALONE) -> Plan:
    """Return the schedule of that number; always the same."""
    luck = random.Random(f"{seed}/{number}")
    logout_at = luck.uniform(0.05, 1.2)
    faults = tuple(_make_fault(luck, logout_at) for _ in range(luck.choice((1, 2, 2, 3, 4))))
    return Plan(
        seed=seed,
        number=number,
        entry=luck.randrange(PROCESSES),
        way=luck.choice(ways),
        logout_at=logout_at,
        faults=tuple(sorted(faults, key=lambda fault: fault.at)),
        watched_for=luck.uniform(0.2, 0.7),
        is_quiet=luck.random() < 0.4,
    )


def make_outage(seed: int, number: int) -> Outage:
    """Return the outage of the center of that number, which as many schedules share as there are lanes."""
    luck = random.Random(f"{seed}/outage {number}")
    return Outage(at=luck.uniform(0, 1.2), lasts=luck.uniform(0, 0.7), how=luck.choice(list(Halt)))


def _make_fault(luck: random.Random, logout_at: float) -> Fault:
    # Most begin around the logout: before it, so that its news meets a broken line, or just after.
    return Fault(
        at=max(0.0, logout_at + luck.triangular(-0.9, MAX_STALENESS, -0.1)),
        lasts=luck.choice((luck.uniform(0.05, 0.5), luck.uniform(0.5, 2.0))),
        processes=luck.choice(_TARGETS),
        what=luck.choice(_FAULTS),
    )
