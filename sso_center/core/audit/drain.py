"""The drain: move the events that scripts stored in the shards' streams to SQL."""

from typing import Any

from sqlalchemy import insert, select

from sso_center.base.secrets import all_shards
from sso_center.storage.redis import Redis, load_script
from sso_center.storage.schema import audit
from sso_center.storage.sql import Database

_READ = load_script(__package__, "read_events.lua")
_FORGET = load_script(__package__, "forget_events.lua")

PAGE = 250

AUDIT_PART = "sso_center.core.audit/audit_event.lua"
"""The part of every script that stores an event."""


class AuditDrain:
    """Copies events to the audit log, then drops them: a crash in between copies none twice."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis

    def drain(self) -> int:
        """Move all events, and return how many they were. Raises Unavailable."""
        return sum(self._drain_shard(shard) for shard in all_shards())

    def _drain_shard(self, shard: str) -> int:
        moved = 0
        while events := self._redis.run(_READ, shard, {"count": PAGE}):
            self._copy([_row(shard, event) for event in events])
            self._redis.run(_FORGET, shard, {"last": events[-1][0]})
            moved += len(events)
            if len(events) < PAGE:
                break
        return moved

    def _copy(self, rows: list[dict[str, Any]]) -> None:
        origins = [row["origin"] for row in rows]
        with self._database.write() as connection:
            known = set(connection.scalars(select(audit.c.origin).where(audit.c.origin.in_(origins))))
            fresh = [row for row in rows if row["origin"] not in known]
            if fresh:
                connection.execute(insert(audit), fresh)


def _row(shard: str, event: list[Any]) -> dict[str, Any]:
    name, fields = event
    pairs = dict(zip(fields[::2], fields[1::2], strict=True))
    return {
        "at": int(pairs["at"]),
        "tag": pairs["tag"],
        "sub": pairs["sub"],
        "sid": pairs["sid"],
        "client_id": pairs["client"] or None,
        "actor": f"client:{pairs['client']}" if pairs["client"] else pairs["sub"],
        "address": pairs["address"],
        "user_agent": pairs["user_agent"],
        "detail": {},
        # A store that came back restarts its streams: the instant keeps an id from occurring twice.
        "origin": f"{shard}:{name}",
    }
