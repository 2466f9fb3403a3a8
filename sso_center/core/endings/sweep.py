"""What nobody asked for but must happen: expiry, and endings that something died in the middle of."""

from sso_center.base.clock import Clock
from sso_center.base.secrets import all_shards
from sso_center.core.endings.endings import BATCH, Endings
from sso_center.core.endings.reasons import CENTER, Reason
from sso_center.core.sessions import SESSION_PARTS
from sso_center.storage.redis import Redis, load_script

_FIND_EXPIRED = load_script(__package__, *SESSION_PARTS, "find_expired.lua")
_FIND_UNFINISHED = load_script(__package__, *SESSION_PARTS, "find_unfinished.lua")

UNFINISHED_AFTER = 5_000
"""Milliseconds after which a closed session counts as abandoned by whoever was ending it."""


class Sweep:
    """Ends expired sessions and finishes unfinished endings, shard by shard."""

    def __init__(self, redis: Redis, endings: Endings, clock: Clock) -> None:
        self._redis = redis
        self._endings = endings
        self._clock = clock

    def sweep(self) -> int:
        """Go through all shards once and return how many sessions were ended. Raises Unavailable."""
        return sum(self._sweep_shard(shard) for shard in all_shards())

    def _sweep_shard(self, shard: str) -> int:
        before = self._clock() - UNFINISHED_AFTER
        self._endings.finish_revocations(shard, before)
        unfinished = self._redis.run(_FIND_UNFINISHED, shard, (before, BATCH))
        # A closed session keeps the reason it was closed for: this one is only for those that expired.
        expired = self._redis.run(_FIND_EXPIRED, shard, (BATCH,))
        return len(self._endings.end_sessions([*unfinished, *expired], Reason.EXPIRED, CENTER))
