"""The two clocks of the SDK, as arguments."""

import time
from collections.abc import Callable
from dataclasses import dataclass

# A laptop or virtual machine that slept must find its knowledge stale on waking: Linux's monotonic
# clock stands still meanwhile, its boot-time clock does not. Elsewhere the monotonic clock runs on.
_STEADY = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _steady() -> int:
    if _STEADY is None:
        return time.monotonic_ns() // 1_000_000
    return time.clock_gettime_ns(_STEADY) // 1_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings, both in milliseconds.

    `wall` counts from 1970 and is compared with what tokens and cookies say. `steady` has no
    meaning of its own, never steps, and measures how old knowledge is.
    """

    wall: Callable[[], int] = _wall
    steady: Callable[[], int] = _steady
