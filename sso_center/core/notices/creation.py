"""Making notices, inside the transaction that records what they are about."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from sso_center.storage.schema import notices


def add_notices(connection: Connection, number: int, rows: Sequence[tuple[str, str, str]], at: int) -> None:
    """Add notices (client, sid, sub) to an entry inside a transaction; one that is there stays."""
    there = select(notices.c.client_id, notices.c.sid).where(notices.c.number == number)
    known = {(row.client_id, row.sid) for row in connection.execute(there)}
    fresh = [
        notice_row(number, client, sid, sub, at, number)
        for client, sid, sub in rows
        if (client, sid) not in known
    ]
    if fresh:
        connection.execute(insert(notices), fresh)


def notice_row(number: int, client_id: str, sid: str, sub: str, at: int, cause: int | None) -> dict[str, Any]:
    return {
        "number": number,
        "client_id": client_id,
        "sid": sid,
        "sub": sub,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": at,
        "leased_until": 0,
        "created_at": at,
        "cause": cause,
    }
