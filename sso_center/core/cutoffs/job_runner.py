"""Run the unfinished cut-off jobs, a slice at a time, by the courier that holds the lease."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

from sso_center.base.clock import Clock
from sso_center.core.cutoffs.enforcer import CutoffEnforcer, CutoffProgress
from sso_center.core.journal import CutoffJob, CutoffJobs, Entries
from sso_center.core.leases import Leases

LEASE_SECONDS = 10

_log = logging.getLogger("sso_center.courier")


class CutoffJobRunner:
    """Gives each job a slice of time in turn, so that a large job delays no small one.

    It keeps its place in a job from one slice to the next; another runner begins at the last shard that was
    stored as done.
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
        """Continue one job for about `seconds`; say whether there was one, and there may be more to do.

        False also means that another courier holds the lease. Raises Unavailable.
        """
        if not self._jobs.under_way() or not self._leases.hold("walk", LEASE_SECONDS):
            self._places.clear()  # the holder of the lease continues from what is stored, and so shall we
            return False
        # Looked up again: another may have finished a job, and released the lease, after the first look.
        under_way = self._jobs.under_way()
        if not under_way:
            return False
        job = next((job for job in under_way if job.number > self._last), under_way[0])
        self._last = job.number
        try:
            self._go_on(job, time.monotonic() + seconds)
        except BaseException:
            self._places.pop(job.number, None)
            raise
        return True

    def _go_on(self, job: CutoffJob, until: float) -> None:
        if job.number not in self._places:
            steps = self._enforcer.enforce(self._entries.get(job.number), done=job.shards)
            self._places[job.number] = (job.ended, steps)
        before, steps = self._places[job.number]
        noted = job.percent
        for progress in steps:
            job = replace(job, shards=progress.shards, ended=before + progress.ended)
            if time.monotonic() >= until:
                break
        else:
            job = replace(job, finished_at=self._clock())
            del self._places[job.number]
        self._jobs.note(job, self._clock())
        if job.percent // 10 > noted // 10:
            _log.info(
                "ending sessions", extra={"entry": job.number, "percent": job.percent, "ended": job.ended}
            )
