"""The two clocks of the SDK, as arguments."""

import time
from collections.abc import Callable
from dataclasses import dataclass

# After a sleep of the machine this process must find its knowledge stale. On Linux the monotonic clock stops
# during sleep and the boot-time clock does not; elsewhere the monotonic clock goes on.
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

    `wall` counts from 1970 and is compared with the times in tokens and cookies. `steady` has no fixed
    origin, never jumps, and measures how old knowledge is.
    """

    wall: Callable[[], int] = _wall
    steady: Callable[[], int] = _steady
