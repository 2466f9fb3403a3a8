"""A restored SQL store: notice the older copy, trust nothing until an admin accepts it, and start a new
lineage.
"""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from sso_center.base.actor import Actor
from sso_center.base.clock import Clock
from sso_center.base.secrets import all_shards
from sso_center.core.audit import Tag, write_audit
from sso_center.core.cutoffs.mass_endings import MassEndings
from sso_center.core.journal.entries import SET_BACK, Entries
from sso_center.core.reasons import Reason
from sso_center.storage.configuration import read_configuration_version, write_configuration_version
from sso_center.storage.marker import Marker
from sso_center.storage.redis import Redis
from sso_center.storage.schema import audit, journal, meta, users
from sso_center.storage.sql import Database

BEYOND = 1_000_000
"""What versions and epochs are raised by: more than everything issued between the copy and its return."""

_log = logging.getLogger("sso_center.recovery")


@dataclass(frozen=True)
class RestoredStore:
    """What is known of a restored store.

    `head` is its last entry, `last_at` when it recorded that (ms), 0 for never; `lost` is how many later
    entries Redis knows of.
    """

    head: int
    last_at: int
    lost: int


class Restore:
    """Compares the journal with the shards' marks, and gives a restored store a new lineage."""

    def __init__(
        self, redis: Redis, database: Database, entries: Entries, mass: MassEndings, clock: Clock
    ) -> None:
        self._redis = redis
        self._database = database
        self._entries = entries
        self._mass = mass
        self._clock = clock

    def detect(self) -> int:
        """Distrust the shards that belong to another lineage than the journal's; return how many they are.

        Shards of an earlier lineage are recovered at their next use. When a shard knows entries that SQL does
        not, all shards are refused until an admin starts over. Raises Unavailable.
        """
        lineage, markers = self._entries.lineage(), self._markers()
        trusted = [shard for shard, marker in markers.items() if marker.is_trusted]
        head = self._entries.head()
        if any(marker.is_ahead_of(lineage, head) for marker in markers.values()):
            self._note_set_back(head)
        elif not self._entries.is_set_back():
            trusted = [shard for shard in trusted if markers[shard].lineage != lineage]
        self._distrust(trusted)
        return len(trusted)

    def examine(self) -> RestoredStore:
        """Return what the store has, and how many entries only Redis knows of. Raises Unavailable."""
        lineage, markers = self._entries.lineage(), self._markers()
        with self._database.read() as connection:
            head = connection.scalar(select(func.max(journal.c.number))) or 0
            last_at = max(connection.scalar(select(func.max(table.c.at))) or 0 for table in (journal, audit))
        known = max((one.position for one in markers.values() if one.lineage == lineage), default=0)
        return RestoredStore(head, last_at, max(known - head, 0))

    def start_over(self, actor: Actor) -> None:
        """Give the store a new lineage, and cut everyone off as of now. May be repeated.

        The store does not know what was acknowledged after the copy: an ending, a changed password, a lost
        role. So nothing issued so far counts any more, and no number of the lost history, remembered by a
        shard, a site or a process, can be mistaken for a new one. Raises Unavailable; then do it again.
        """
        config = max(marker.config for marker in self._markers().values())
        with self._database.write() as connection:
            self._database.lock_journal(connection)
            connection.execute(delete(meta).where(meta.c.key == SET_BACK))
            _draw_lineage(connection)
            _outdo(connection, config)
            write_audit(connection, Tag.STORE_RESTORED, actor, at=self._clock())
        self._distrust(all_shards())
        self._mass.cut_off("everyone", "", Reason.ADMIN, actor.id)

    def _markers(self) -> dict[str, Marker]:
        # Read before the journal's head, which can then only be ahead of them.
        return {shard: self._redis.marker(shard) for shard in all_shards()}

    def _distrust(self, shards: Iterable[str]) -> None:
        for shard in shards:
            self._redis.distrust(shard)

    def _note_set_back(self, head: int) -> None:
        # Kept in SQL: the journal grows again, and would soon hide what it has forgotten.
        if self._entries.is_set_back():
            return
        with self._database.write() as connection:
            connection.execute(insert(meta).values(key=SET_BACK, value=str(head)))
        _log.error(
            "an older SQL copy was restored: nothing is accepted; run sso-center doctor --restore",
            extra={"head": head},
        )


def _draw_lineage(connection: Connection) -> None:
    connection.execute(update(meta).where(meta.c.key == "lineage").values(value=secrets.token_hex(8)))


def _outdo(connection: Connection, config: int) -> None:
    """Raise versions and epochs above everything that processes and Redis can have seen.

    Otherwise a copy of a user from the lost history would win over a later change, a session opened under a
    password that was changed twice would be alive again, and a process would keep a removed client.
    """
    write_configuration_version(connection, max(config, read_configuration_version(connection)) + BEYOND)
    connection.execute(
        update(users).values(
            {
                column: column + BEYOND
                for column in (users.c.version, users.c.epoch, users.c.refresh_epoch, users.c.access_epoch)
            }
        )
    )
