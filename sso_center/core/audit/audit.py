"""The audit log: one row an event, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from sso_center.base.actor import Actor
from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.core.audit.tags import Tag
from sso_center.storage.schema import audit
from sso_center.storage.sql import Database

MAX_TEXT = 300


@dataclass(frozen=True)
class Entry:
    """One event; `at` is in milliseconds."""

    at: int
    tag: str
    sub: str | None
    client_id: str | None
    sid: str | None
    actor: str
    address: str
    user_agent: str
    request_id: str
    detail: dict[str, Any]


class Audit:
    """Writes and reads the audit log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        tag: Tag,
        actor: Actor,
        *,
        sub: str | None = None,
        client_id: str | None = None,
        sid: str | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Write one event now. Never give it a secret, a token or a password. Raises Unavailable.

        Only for events without another change in SQL; a change writes its event in its own transaction.
        """
        at = self._clock()
        with self._database.write() as connection:
            write_audit(connection, tag, actor, at=at, sub=sub, client_id=client_id, sid=sid, detail=detail)

    def latest(self, count: int = 50, *, sub: str | None = None, tag: Tag | None = None) -> list[Entry]:
        """Return the newest events, of one person and of one kind when given. Raises Unavailable."""
        chosen = select(audit).order_by(audit.c.id.desc()).limit(count)
        if tag is not None:
            chosen = chosen.where(audit.c.tag == tag.value)
        if sub is not None:
            chosen = chosen.where(audit.c.sub == sub)
        with self._database.read() as connection:
            rows = connection.execute(chosen).all()
        return [read_entry(row) for row in rows]


def read_entry(row: Row[Any]) -> Entry:
    """Return the event that a row of the table holds."""
    return Entry(
        at=row.at,
        tag=row.tag,
        # Scripts store '' where there is none, requests nothing.
        sub=row.sub or None,
        client_id=row.client_id or None,
        sid=row.sid or None,
        actor=row.actor or "",
        address=row.address or "",
        user_agent=row.user_agent or "",
        request_id=row.request_id or "",
        detail=row.detail or {},
    )


def write_audit(
    connection: Connection,
    tag: Tag,
    actor: Actor,
    *,
    at: int,
    sub: str | None = None,
    client_id: str | None = None,
    sid: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one event within the caller's transaction; `at` is in milliseconds. Raises Unavailable."""
    origin = actor.origin
    event = Entry(
        at=at,
        tag=tag.value,
        sub=sub,
        client_id=client_id,
        sid=sid,
        actor=actor.id,
        address=origin.address,
        user_agent=origin.user_agent,
        request_id=origin.request_id,
        detail=dict(detail or {}),
    )
    write_audits(connection, [event])


def write_audits(connection: Connection, events: Sequence[Entry]) -> None:
    """Write several events within the caller's transaction, in one statement. Raises Unavailable.

    An event that the table refuses rolls the transaction back: no change without its entry in the log.
    """
    try:
        if events:
            connection.execute(insert(audit), [_row(event) for event in events])
    except IntegrityError as refused:
        # Not as IntegrityError, which the caller would read as a name that is taken.
        raise Unavailable(detail=f"sql: the audit log refused an entry: {refused.orig}") from refused


def _row(event: Entry) -> dict[str, Any]:
    return {
        "at": event.at,
        "tag": event.tag,
        "sub": _cut(event.sub),
        "client_id": _cut(event.client_id),
        "sid": _cut(event.sid),
        "actor": _cut(event.actor),
        "address": _cut(event.address),
        "user_agent": _cut(event.user_agent),
        "request_id": _cut(event.request_id),
        "detail": event.detail,
    }


def _cut(text: str | None) -> str | None:
    # Browsers send anything as their name; a log row stays a log row.
    return text if text is None else text[:MAX_TEXT].encode("utf-8", "replace").decode()
