"""The journal: every acknowledged taking-back, numbered in the order of the commits."""

from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select

from sso_center.storage.schema import journal
from sso_center.storage.sql import Database

CHANNEL = "sso:journal"
"""Where the number of each new entry is published, so that nobody waits for the next look."""


def append(
    connection: Connection,
    *,
    id: str,
    kind: str,
    at: int,
    shard: str | None,
    sub: str | None = None,
    sid: str | None = None,
    client_id: str | None = None,
    reason: str = "",
    actor: str = "",
    detail: Mapping[str, object] | None = None,
) -> int:
    """Append one entry within the caller's transaction and return its number.

    `id` names what is recorded: when it is in the journal already, its number is returned and nothing
    is added, so that a repeated attempt is harmless. `at` is in milliseconds. The lock is held to the
    end of the transaction: no reader ever passes a number that is still to come.
    """
    Database.lock_journal(connection)
    known = connection.execute(select(journal.c.number).where(journal.c.id == id)).scalar()
    if known is not None:
        return int(known)
    number = connection.execute(select(func.coalesce(func.max(journal.c.number), 0) + 1)).scalar_one()
    connection.execute(
        insert(journal).values(
            number=number,
            id=id,
            kind=kind,
            at=at,
            shard=shard,
            sub=sub,
            sid=sid,
            client_id=client_id,
            reason=reason,
            actor=actor,
            detail=dict(detail or {}),
            is_applied=False,
        )
    )
    return int(number)
