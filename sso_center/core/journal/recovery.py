"""Recovery of a shard: apply the journal to a store that came back, before anything in it counts again."""

import logging

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import Entries
from sso_center.storage.marker import Marker
from sso_center.storage.redis import Redis

_log = logging.getLogger("sso_center.recovery")
_PAGE = 500


class Recovery:
    """Replays the journal into a shard whose server restarted, failed over, was restored or emptied.

    `horizon` (seconds) is the longest that anything in Redis may count; older entries need no replay.
    """

    def __init__(
        self, redis: Redis, entries: Entries, applier: EntryApplier, clock: Clock, *, horizon: int
    ) -> None:
        self._redis = redis
        self._entries = entries
        self._applier = applier
        self._clock = clock
        self._horizon = horizon * 1000

    def recover(self, shard: str, run_id: str) -> None:
        """Apply the entries that the shard has missed, void its grants, then write its marker.

        Raises Unavailable while SQL or Redis is away, and when SQL is older than the shard: the shard then
        stays refused.
        """
        lineage = self._entries.lineage()
        marker = self._redis.marker(shard)
        # In another lineage the same numbers mean other entries.
        position = marker.position if marker.lineage == lineage else 0
        self._refuse_a_store_set_back(marker, lineage)
        replayed = 0
        while True:
            page = self._entries.concerning(
                shard, after=position, since=self._clock() - self._horizon, limit=_PAGE
            )
            for entry in page:
                self._applier.apply_to(shard, entry)
                position = entry.number
            replayed += len(page)
            if len(page) < _PAGE:
                break
        self._applier.void_grants(shard)
        self._trust(shard, run_id, lineage, position)
        level = logging.INFO if replayed else logging.DEBUG
        _log.log(level, "shard recovered", extra={"shard": shard, "replayed": replayed, "position": position})

    def _refuse_a_store_set_back(self, marker: Marker, lineage: str) -> None:
        # The head is read after the mark, so it can't be lower, unless SQL was set back.
        if self._entries.is_set_back() or marker.is_ahead_of(lineage, self._entries.head()):
            raise Unavailable(
                detail="sql: it knows less than Redis was told: an older copy was restored; "
                "run sso-center doctor --restore"
            )

    def _trust(self, shard: str, run_id: str, lineage: str, position: int) -> None:
        # An older version here would lose a change that was announced while this shard was unreachable.
        trusted = None
        while (version := self._entries.configuration_version()) != trusted:
            self._redis.trust(shard, run_id=run_id, lineage=lineage, position=position, config=version)
            trusted = version
