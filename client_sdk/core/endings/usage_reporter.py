"""Reports to the center which sessions are used here, so that they don't expire there as idle.

The center sees a session used when it is asked about it; a process that follows the feed need not ask.
"""

import logging
from itertools import islice

from client_sdk.core.clock import Clock
from client_sdk.core.endings.check import MAX_SIDS, check_sessions
from client_sdk.core.endings.view import View
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.sessions.position import Moment
from client_sdk.core.threads.fork import renew_after_fork

INTERVAL = 60_000
CAPACITY = 20_000
TOO_LATE = 120_000
"""Milliseconds after which a use is no longer reported: the center would date it to now."""

log = logging.getLogger("client_sdk")


class UsageReporter:
    """Remembers sids and reports them once a minute; the answers prove those sessions or end them."""

    def __init__(self, clock: Clock, center: Center, view: View) -> None:
        self._clock = clock
        self._center = center
        self._view = view
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent's report to the parent."""
        self._sids: dict[str, int] = {}
        self._due = self._clock.steady() + INTERVAL

    def note(self, sid: str, now: int) -> None:
        """Note that a session is used. Every request calls it, so it takes no lock."""
        if len(self._sids) < CAPACITY:
            self._sids[sid] = now

    def report(self, until: int) -> None:
        """Report all sessions used since the last report, when one is due; the rest waits at `until`.

        `until` is by the steady clock, in milliseconds.
        """
        now = self._clock.steady()
        if now < self._due:
            return
        uses, self._sids = self._sids, {}
        waiting = iter([sid for sid, used_at in list(uses.items()) if now - used_at < TOO_LATE])
        while batch := list(islice(waiting, MAX_SIDS)):
            if self._clock.steady() >= until or not self._report_batch(batch):
                for sid in (*batch, *waiting):
                    self.note(sid, uses[sid])
                return
        self._due = self._clock.steady() + INTERVAL

    def _report_batch(self, batch: list[str]) -> bool:
        sent = Moment(self._clock.steady(), self._view.position)
        try:
            replies = check_sessions(self._center, batch)
        except Unavailable:
            return False
        for sid, is_alive in replies.items():
            self._view.apply_check(sid, is_alive=is_alive, sent=sent)
        return True
