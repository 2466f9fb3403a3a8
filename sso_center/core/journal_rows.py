"""The rows of the journal: numbered in the order of their commits."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, insert, select

from sso_center.storage.schema import journal
from sso_center.storage.sql import Database

CHANNEL = "sso:journal"
"""The channel on which the number of each new entry is published, so that nobody waits for the next look."""


def append_entry(
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
    """Append one entry inside the caller's transaction and return its number.

    `id` names what is recorded: an entry that is in the journal already keeps its number and is not added
    again, so that a retry is harmless. `at` is in milliseconds. The lock is held to the end of the
    transaction: no reader ever passes a number that is still to come.
    """
    row = {
        "id": id,
        "kind": kind,
        "at": at,
        "shard": shard,
        "sub": sub,
        "sid": sid,
        "client_id": client_id,
        "reason": reason,
        "actor": actor,
        "detail": dict(detail or {}),
    }
    return append_entries(connection, [row])[0][0]


def append_entries(connection: Connection, rows: Sequence[Mapping[str, object]]) -> list[tuple[int, bool]]:
    """Append several entries as `append_entry` does, in a few statements for all of them.

    `rows` have every column but `number` and `is_applied`; `cause` may be missing from all of them. Returns
    for each entry its number and whether it is new.
    """
    Database.lock_journal(connection)
    ids = [str(row["id"]) for row in rows]
    there = select(journal.c.id, journal.c.number).where(journal.c.id.in_(ids))
    numbers = {row.id: int(row.number) for row in connection.execute(there)}
    free = int(connection.execute(select(func.coalesce(func.max(journal.c.number), 0) + 1)).scalar_one())
    answers: list[tuple[int, bool]] = []
    added: list[dict[str, object]] = []
    for id, row in zip(ids, rows, strict=True):
        is_new = id not in numbers
        if is_new:
            numbers[id] = free + len(added)
            added.append({**row, "number": numbers[id], "is_applied": False})
        answers.append((numbers[id], is_new))
    if added:
        connection.execute(insert(journal), added)
    return answers
