"""How long cutting off a role takes that a tenth of all sessions have, and what goes on behind it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.browser import Browser
from benchmarks.center import opened_core
from benchmarks.filling import ROLE, Filled
from benchmarks.hot_store import HotStore
from benchmarks.load import Sample
from benchmarks.paced import pace
from benchmarks.units import authorize, drive
from benchmarks.wire import RefusedError
from benchmarks.work import AUTHORIZE, Crowd
from sso_center.core.reasons import Reason
from sso_center.services import Services

T = TypeVar("T")
RATE = 97
SECONDS = 4.3
CONNECTIONS = 8
LOOKED_AT = 50
"""Browsers of either kind that are tried right after the cut-off."""

SWEEP_LIMIT = 240.0
"""Seconds that the sweep behind a cut-off is waited for."""


@dataclass(frozen=True)
class CutOff:
    """What a cut-off cost. Times are in milliseconds.

    `reply` is how long whoever asked for it waited; then came the sweep that ends the `voided` sessions, of
    which `ended` were in `sweep_seconds`. `quiet` and `beside` are /authorize at a modest rate before it, and
    while it went on; `slowest` the longest command of Redis in all that time.
    """

    voided: int
    reply: float
    ended: int
    sweep_seconds: float
    quiet: Sample
    beside: Sample
    slowest: float
    presence: float


def measure_cut_off(environ: Mapping[str, str], crowd: Crowd, filled: Filled, hot: HotStore) -> CutOff:
    """Cut off the role, see that it counts for who has it and for nobody else, and wait for the sweep.

    `crowd` is of people without the role. Raises RefusedError when it does not count at once.
    """
    name = next(iter(crowd.browsers[0].cookies))
    readers = [Browser(crowd.side.origin, {name: cookie}) for cookie in filled.of_readers[:LOOKED_AT]]
    with opened_core(environ) as services:
        _look(crowd, readers, are_in=True)
        quiet = _visits(crowd)
        presence, _ = _timed(services.sessions.presence)
        before = services.sessions.count()
        hot.forget_figures()
        steps = services.mass_endings.end("role", ROLE, Reason.ADMIN, "cli")
        began = time.monotonic()
        reply, _ = _timed(lambda: next(steps))
        _look(crowd, readers, are_in=False)
        beside = _visits(crowd)
        # Whoever asked may go away now: the courier does the rest.
        ended = _wait_for_sweep(services, before, filled.readers)
        sweep_seconds = time.monotonic() - began
    return CutOff(filled.readers, reply, ended, sweep_seconds, quiet, beside, hot.slowest_ms(), presence)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = work()
    return (time.perf_counter() - began) * 1e3, done


def _look(crowd: Crowd, readers: list[Browser], *, are_in: bool) -> None:
    for browser in readers:
        if _is_in(crowd, browser) != are_in:
            raise RefusedError(f"a {ROLE} is {'refused before' if are_in else 'let in after'} the cut-off")
    if not all(_is_in(crowd, browser) for browser in crowd.browsers[:LOOKED_AT]):
        raise RefusedError("a session without the role is refused")


def _is_in(crowd: Crowd, browser: Browser) -> bool:
    try:
        drive(crowd.side, authorize(crowd.side, browser))
    except RefusedError:
        return False
    return True


def _visits(crowd: Crowd) -> Sample:
    return pace(
        crowd.side,
        AUTHORIZE.prepare(crowd),
        rate=RATE,
        connections=CONNECTIONS,
        goes_on=lambda number: number < RATE * SECONDS,
    )


def _wait_for_sweep(services: Services, before: int, voided: int) -> int:
    deadline = time.monotonic() + SWEEP_LIMIT
    while (ended := before - services.sessions.count()) < voided and time.monotonic() < deadline:
        time.sleep(0.5)
    return ended
