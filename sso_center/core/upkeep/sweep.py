"""The sweep: end expired sessions, and finish endings and revocations that a crash interrupted."""

from dataclasses import dataclass

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards
from sso_center.core.endings.endings import BATCH, Endings
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.revocation import Revoker
from sso_center.core.sessions import SESSION_PARTS
from sso_center.storage.redis import Redis, load_script

_FIND_EXPIRED = load_script(__package__, *SESSION_PARTS, "find_expired.lua")
_FIND_UNFINISHED = load_script(__package__, *SESSION_PARTS, "find_unfinished.lua")

UNFINISHED_AFTER = 5_000
"""Milliseconds after which a closed session counts as abandoned by the process that was ending it."""


@dataclass(frozen=True)
class DueWork:
    """What is due in a shard: revocations, as (id, about), and sessions."""

    revocations: list[tuple[str, str]]
    sids: list[str]


class Sweep:
    """Ends expired sessions and finishes unfinished endings and revocations, shard by shard."""

    def __init__(self, redis: Redis, endings: Endings, revoker: Revoker, clock: Clock) -> None:
        self._redis = redis
        self._endings = endings
        self._revoker = revoker
        self._clock = clock

    def sweep(self) -> int:
        """Go through all shards once and return how many sessions were ended.

        A shard that is away delays no other. Raises Unavailable at the end when one was away, and at once
        when nothing can be recorded.
        """
        before, away = self._clock() - UNFINISHED_AFTER, None
        found: list[tuple[str, DueWork]] = []
        for shard in all_shards():
            try:
                found.append((shard, self._look(shard, before)))
            except Unavailable as failed:
                away = failed
        ended = sum(self._finish(shard, due) for shard, due in found)
        if away is not None:
            raise away
        return ended

    def _look(self, shard: str, before: int) -> DueWork:
        return DueWork(
            revocations=self._revoker.unfinished(shard, before=before, limit=BATCH),
            # A closed session keeps its own reason: EXPIRED below is for those that expired.
            sids=[
                *self._redis.run(_FIND_UNFINISHED, shard, {"before": before, "count": BATCH}),
                *self._redis.run(_FIND_EXPIRED, shard, {"count": BATCH}),
            ],
        )

    def _finish(self, shard: str, due: DueWork) -> int:
        for id, about in due.revocations:
            self._revoker.finish(shard, id, about)
        return len(self._endings.end_sessions(due.sids, Reason.EXPIRED, CENTER))
