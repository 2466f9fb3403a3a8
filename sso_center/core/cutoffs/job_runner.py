"""Doing the walks that are under way, a slice at a time, by whoever holds the lease."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

from sso_center.base.clock import Clock
from sso_center.core.cutoffs.enforcer import CutoffEnforcer, CutoffProgress
from sso_center.core.journal.cutoff_jobs import CutoffJob, CutoffJobs
from sso_center.core.journal.entries import Entries
from sso_center.core.leases import Leases

LEASE_SECONDS = 10

_log = logging.getLogger("sso_center.courier")


class CutoffJobRunner:
    """Gives each walk a slice of time in turn, so that a large one holds up no small one.

    It keeps its place in a walk from one slice to the next; another walker begins at the last shard
    that was noted as done.
    """

    def __init__(
        self,
        jobs: CutoffJobs,
        entries: Entries,
        enforcer: CutoffEnforcer,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._entries = entries
        self._enforcer = enforcer
        self._leases = leases
        self._clock = clock
        self._places: dict[int, tuple[int, Iterator[CutoffProgress]]] = {}
        self._last = 0

    def step(self, seconds: float) -> bool:
        """Go on with one walk for about so long; say whether that was done, and there may be more to do.

        False also means that another holds the lease. Raises Unavailable.
        """
        if not self._jobs.under_way() or not self._leases.hold("walk", LEASE_SECONDS):
            self._places.clear()  # whoever has the lease goes on from what is noted, and so shall we
            return False
        # Looked up again: another may have finished a walk, and given the lease back, after the first look.
        under_way = self._jobs.under_way()
        if not under_way:
            return False
        walk = next((walk for walk in under_way if walk.number > self._last), under_way[0])
        self._last = walk.number
        try:
            self._go_on(walk, time.monotonic() + seconds)
        except BaseException:
            self._places.pop(walk.number, None)
            raise
        return True

    def _go_on(self, walk: CutoffJob, until: float) -> None:
        if walk.number not in self._places:
            steps = self._enforcer.enforce(self._entries.get(walk.number), done=walk.shards)
            self._places[walk.number] = (walk.ended, steps)
        before, steps = self._places[walk.number]
        noted = walk.percent
        for walked in steps:
            walk = replace(walk, shards=walked.shards, ended=before + walked.ended)
            if time.monotonic() >= until:
                break
        else:
            walk = replace(walk, finished_at=self._clock())
            del self._places[walk.number]
        self._jobs.note(walk, self._clock())
        if walk.percent // 10 > noted // 10:
            _log.info(
                "ending sessions", extra={"entry": walk.number, "percent": walk.percent, "ended": walk.ended}
            )
