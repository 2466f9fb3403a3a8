"""Create notices inside the transaction that records their entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from sqlalchemy import Connection, insert, select

from sso_center.core.clients import Client
from sso_center.storage.schema import notices


@dataclass(frozen=True)
class NewNotice:
    """A notice to be made: for which client, of which session, or of the whole person when `sid` is ''.

    `handle` is what the client's `protocol` calls the session there: all that a notice needs is kept in SQL,
    since Redis has forgotten the session by then.
    """

    client_id: str
    sid: str
    sub: str
    protocol: str
    handle: str = ""


def takes_notices(client: Client | None) -> TypeGuard[Client]:
    """Say whether there is a client, and an address of its to which notices go."""
    return client is not None and bool(client.backchannel_logout_uri)


def add_notices(
    connection: Connection, number: int, fresh: Sequence[NewNotice], at: int, **state: Any
) -> None:
    """Add notices to an entry inside a transaction; one that is there stays.

    They are due at that moment (ms), unless their `state` is another.
    """
    there = select(notices.c.client_id, notices.c.sid).where(notices.c.number == number)
    known = {(row.client_id, row.sid) for row in connection.execute(there)}
    missing = [one for one in fresh if (one.client_id, one.sid) not in known]
    insert_notices(connection, [{**notice_row(number, one, at, number), **state} for one in missing])


def insert_notices(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of notices, none of which is there yet."""
    if rows:
        connection.execute(insert(notices), rows)


def notice_row(number: int, fresh: NewNotice, at: int, cause: int | None) -> dict[str, Any]:
    """Return the row of a notice of an entry, due at that moment (ms)."""
    return {
        "number": number,
        "client_id": fresh.client_id,
        "sid": fresh.sid,
        "sub": fresh.sub,
        "protocol": fresh.protocol,
        "handle": fresh.handle,
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": at,
        "leased_until": 0,
        "created_at": at,
        "cause": cause,
    }
