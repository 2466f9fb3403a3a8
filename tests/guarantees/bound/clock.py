"""The clock that all processes of a machine share."""

import time

SECOND = 1_000_000_000


def now_ns() -> int:
    """Return the moment in nanoseconds; the SDK's steady clock is the same one."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
