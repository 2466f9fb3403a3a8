"""What must be made anew in a forked child: locks another thread may hold, sockets, knowledge."""

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something with a state that a child process must not inherit."""

    def after_fork(self) -> None:
        """Start anew in the child."""


_watched: "weakref.WeakSet[Forkable]" = weakref.WeakSet()


def renew_after_fork(watched: Forkable) -> None:
    """Have `watched.after_fork()` called in every forked child, as long as `watched` lives."""
    _watched.add(watched)


def _renew() -> None:
    for watched in list(_watched):
        watched.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
