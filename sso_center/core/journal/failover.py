"""Failover: entries that only the old primary received are applied to the new one too."""

import logging

from sso_center.base.clock import Clock
from sso_center.base.secrets import all_shards
from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import Entries
from sso_center.storage.redis import Redis

LOOK_BACK = 600_000
"""Milliseconds: longer than an old primary still answers after another was elected."""

_PAGE = 500
_log = logging.getLogger("sso_center.courier")


class FailoverWatcher:
    """Watches each shard for a new run of its server, and then applies the latest entries again.

    During a failover both primaries may answer for a moment. An entry that was applied to the old one after
    the new one was recovered is missing there, although everybody believes that it was applied. Applying is
    idempotent, so nothing else changes.
    """

    def __init__(self, redis: Redis, entries: Entries, applier: EntryApplier, clock: Clock) -> None:
        self._redis = redis
        self._entries = entries
        self._applier = applier
        self._clock = clock
        self._runs: dict[str, str] = {}

    def check_shards(self) -> int:
        """Look at every shard, and return how many entries were applied again. Raises Unavailable."""
        return sum(self._look_at(shard) for shard in all_shards())

    def _look_at(self, shard: str) -> int:
        run_id = self._redis.marker(shard).run_id
        if self._runs.get(shard) == run_id:
            return 0
        since, position, count = self._clock() - LOOK_BACK, 0, 0
        while page := self._entries.concerning(shard, after=position, since=since, limit=_PAGE):
            for entry in page:
                self._applier.apply_to(shard, entry)
            position, count = page[-1].number, count + len(page)
        # Only now: a look that failed half-way is repeated.
        self._runs[shard] = run_id
        if count:
            _log.info("applied once more", extra={"shard": shard, "entries": count})
        return count
