"""Waiting for what another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 90.0
"""Seconds: what a machine with a dozen busy processes takes for anything at all, and more."""


def eventually(look: Callable[[], T], *, within: float = PATIENCE, every: float = 0.02, what: str = "") -> T:
    """Return the first true answer of `look`, asked every `every` seconds.

    The time given is patience with a busy machine, never a claim about speed. Raises AssertionError
    with the last answer when it runs out.
    """
    deadline = time.monotonic() + within
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or 'it'} did not happen within {within} s; last answer: {answer!r}")
        time.sleep(every)
    return answer
