"""Copies of users that an older center wrote, completed from SQL. Can go one release later."""

import contextlib
import time
from typing import Protocol

from sso_center.base.errors import NotFound, Unavailable
from sso_center.core.users.user import User

REST_AFTER_FAILURE = 10.0
"""Seconds for which SQL is not asked again once it was away: the hot path must not wait for it each time."""

_KEPT = 4096


class Directory(Protocol):
    """Where users are found, and where their copies are written."""

    def get(self, sub: str) -> User:
        """Return a user from SQL. Raises NotFound, Unavailable."""

    def write_through(self, user: User) -> None:
        """Write the copy anew. Raises Unavailable."""


class LegacyCopies:
    """Completes each copy once.

    Until then, and where SQL knows of none or of an older one, such a user is whom an older center knows.
    """

    def __init__(self, users: Directory) -> None:
        self._users = users
        self._completed: dict[str, User] = {}
        self._rests_until = float("-inf")

    def complete(self, text: str, user: User) -> User:
        """Return the user of such a copy with the profile."""
        if text not in self._completed and time.monotonic() >= self._rests_until:
            self._ask(text, user)
        return self._completed.get(text, user)

    def _ask(self, text: str, user: User) -> None:
        try:
            fresh = self._users.get(user.sub)
        except NotFound:
            fresh = user
        except Unavailable:
            self._rests_until = time.monotonic() + REST_AFTER_FAILURE
            return
        if len(self._completed) >= _KEPT:
            self._completed.clear()
        self._completed[text] = fresh if fresh.version >= user.version else user
        with contextlib.suppress(Unavailable):
            self._users.write_through(self._completed[text])
