"""What a forked child must renew: locks that another thread may hold, sockets, knowledge."""

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something with a state that a child process must not inherit."""

    def after_fork(self) -> None:
        """Start anew in the child."""


_watched: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_renewed_in = os.getpid()


def renew_after_fork(watched: Forkable) -> None:
    """Have `watched.after_fork()` called in every forked child, as long as `watched` lives."""
    _watched.add(watched)


def notice_fork() -> None:
    """Renew everything when this process was forked without Python's knowledge, as uWSGI forks."""
    if os.getpid() != _renewed_in:
        _renew()


def _renew() -> None:
    global _renewed_in  # noqa: PLW0603 - one for the process
    _renewed_in = os.getpid()
    for watched in list(_watched):
        watched.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
