"""The journal's entries: written with their notices and audit entries in one transaction, and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, func, or_, select, update

from sso_center.base.actor import NOWHERE, Actor, Origin
from sso_center.base.errors import NotFound
from sso_center.core.audit import AuditEntry, Tag, write_audit, write_audits
from sso_center.core.clients import Client
from sso_center.core.journal.cutoff_jobs import CutoffJob, open_job
from sso_center.core.journal_rows import append_entries, append_entry
from sso_center.core.notices.creation import NewNotice, add_notices, insert_notices, notice_row
from sso_center.storage.schema import journal, meta
from sso_center.storage.sql import Database

SET_BACK = "set_back"
"""The key in `meta` that says that the SQL store is an older copy."""


@dataclass(frozen=True)
class ClosedSession:
    """A session that step 0 has closed, as its ending will be recorded. `at` is in milliseconds.

    `apis` are the other audiences of its participants' access tokens; `handles` are the protocols' own names
    of the session at its participants, by client.
    """

    sid: str
    ending_id: str
    reason: str
    actor: str
    at: int
    sub: str
    participants: tuple[str, ...]
    apis: tuple[str, ...] = ()
    handles: Mapping[str, str] = field(default_factory=dict)

    @property
    def shard(self) -> str:
        """The shard that the session lives in."""
        return self.sid[:2]


@dataclass(frozen=True)
class Ending(ClosedSession):
    """A recorded ending; `number` is its number in the journal."""

    number: int = 0


@dataclass(frozen=True)
class Entry:
    """One entry of the journal, as it is applied to Redis. `shard` is None when it concerns every shard."""

    number: int
    kind: str
    at: int
    shard: str | None
    sub: str
    sid: str
    client_id: str
    reason: str
    actor: str
    detail: dict[str, Any]


class Entries:
    """The journal in SQL: entries, and what SQL says of itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        batch: Sequence[ClosedSession],
        shard: str,
        notified: Mapping[str, Sequence[Client]],
        *,
        cause: int | None = None,
        origin: Origin = NOWHERE,
    ) -> list[Ending]:
        """Record endings with their notices and audit entries, all or nothing. Raises Unavailable.

        `notified` names the clients that get a notice, by the participant that is the reason. `cause` is the
        number of the entry whose job ended the sessions; `origin` is where the request came from. An ending
        that is recorded already keeps its number and gets no second notice.
        """
        with self._database.write() as connection:
            self._database.lock_journal(connection)
            places = append_entries(connection, [_journal_row(closed, shard, cause) for closed in batch])
            added = [
                (number, closed) for (number, is_new), closed in zip(places, batch, strict=True) if is_new
            ]
            insert_notices(
                connection,
                [
                    notice_row(number, one, closed.at, cause)
                    for number, closed in added
                    for one in _new_notices(closed, notified)
                ],
            )
            write_audits(connection, [_audit_entry(closed, origin) for _, closed in added])
        return [
            Ending(**vars(closed), number=number) for (number, _), closed in zip(places, batch, strict=True)
        ]

    def record_other(
        self,
        *,
        id: str,
        kind: str,
        at: int,
        shard: str | None,
        tag: Tag,
        sub: str | None = None,
        client_id: str | None = None,
        reason: str,
        actor: str,
        detail: dict[str, Any],
        apis: Sequence[str] = (),
        sid: str = "",
        notices: Sequence[NewNotice] = (),
        origin: Origin = NOWHERE,
    ) -> int:
        """Record any other entry with its notices, and return its number. A cut-off opens its job in the same
        transaction.

        `apis` are the other audiences of the client's access tokens. Raises Unavailable.
        """
        with self._database.write() as connection:
            self._database.lock_journal(connection)
            earlier = connection.scalar(select(journal.c.number).where(journal.c.id == id))
            if earlier is not None:
                return int(earlier)
            number = append_entry(
                connection,
                id=id,
                kind=kind,
                at=at,
                shard=shard,
                sub=sub,
                sid=sid or None,
                client_id=client_id,
                reason=reason,
                actor=actor,
                detail={**detail, "apis": list(apis)} if apis else detail,
            )
            add_notices(connection, number, notices, at)
            if kind == "cutoff":
                open_job(connection, CutoffJob(number, detail["scope"], detail["name"], at))
            write_audit(
                connection,
                tag,
                Actor(actor, origin),
                at=at,
                sub=sub,
                sid=sid or None,
                client_id=client_id,
                detail=detail,
            )
            return number

    def add_notices(self, number: int, fresh: Sequence[NewNotice], at: int) -> None:
        """Add notices to an entry; one that is there stays. Raises Unavailable."""
        if not fresh:
            return
        with self._database.write() as connection:
            add_notices(connection, number, fresh, at)

    def head(self) -> int:
        """Return the highest number so far, 0 when the journal is empty. Raises Unavailable."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(journal.c.number))) or 0

    def lineage(self) -> str:
        """Return the lineage of this SQL store; a restored store gets a new one. Raises Unavailable."""
        with self._database.read() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.key == "lineage"))
        return str(found)

    def is_set_back(self) -> bool:
        """Say whether this SQL store was found to be an older copy that no admin has accepted yet.

        Raises Unavailable.
        """
        with self._database.read() as connection:
            return connection.scalar(select(meta.c.value).where(meta.c.key == SET_BACK)) is not None

    def configuration_version(self) -> int:
        """Return the version of clients and keys. Raises Unavailable."""
        with self._database.read() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.key == "config_version"))
        return int(found or 0)

    def get(self, number: int) -> Entry:
        """Return one entry. Raises Unavailable, NotFound."""
        with self._database.read() as connection:
            found = connection.execute(select(journal).where(journal.c.number == number)).mappings().first()
        if found is None:
            raise NotFound("There is no such entry.")
        return read_entry(found)

    def last_change(self, sub: str) -> int | None:
        """Return the number of the last entry that records a change of a user. Raises Unavailable."""
        wanted = select(func.max(journal.c.number)).where(journal.c.sub == sub, journal.c.kind == "user")
        with self._database.read() as connection:
            number: int | None = connection.scalar(wanted)
        return number

    def concerning(self, shard: str, *, after: int, since: int, limit: int) -> list[Entry]:
        """Return the entries of a shard that are numbered above `after` and not older than `since` (ms)."""
        wanted = (
            select(journal)
            .where(journal.c.number > after, journal.c.at >= since)
            .where(or_(journal.c.shard == shard, journal.c.shard.is_(None)))
            .order_by(journal.c.number)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [read_entry(row) for row in connection.execute(wanted).mappings()]

    def unapplied(self, limit: int) -> list[Entry]:
        """Return the first entries that the courier has not applied yet, in order. Raises Unavailable."""
        wanted = select(journal).where(~journal.c.is_applied).order_by(journal.c.number).limit(limit)
        with self._database.read() as connection:
            return [read_entry(row) for row in connection.execute(wanted).mappings()]

    def count_unapplied(self) -> int:
        """Return how many entries the courier has not applied yet. Raises Unavailable."""
        wanted = select(func.count()).select_from(journal).where(~journal.c.is_applied)
        with self._database.read() as connection:
            return connection.scalar(wanted) or 0

    def note_applied(self, numbers: Sequence[int]) -> None:
        """Note that the courier has applied these entries. Raises Unavailable."""
        if numbers:
            with self._database.write() as connection:
                connection.execute(
                    update(journal).where(journal.c.number.in_(numbers)).values(is_applied=True)
                )


def _new_notices(closed: ClosedSession, notified: Mapping[str, Sequence[Client]]) -> list[NewNotice]:
    clients = {one.client_id: one for joined in closed.participants for one in notified.get(joined, ())}
    return [
        NewNotice(name, closed.sid, closed.sub, client.protocol, closed.handles.get(name, ""))
        for name, client in sorted(clients.items())
    ]


def _journal_row(closed: ClosedSession, shard: str, cause: int | None) -> dict[str, Any]:
    return {
        "id": closed.ending_id,
        "kind": "ending",
        "at": closed.at,
        "shard": shard,
        "sub": closed.sub,
        "sid": closed.sid,
        "client_id": None,
        "reason": closed.reason,
        "actor": closed.actor,
        "detail": {
            "participants": closed.participants,
            "apis": closed.apis,
            **({"handles": closed.handles} if closed.handles else {}),
        },
        "cause": cause,
    }


def _audit_entry(closed: ClosedSession, origin: Origin) -> AuditEntry:
    return AuditEntry(
        at=closed.at,
        tag=Tag.SESSION_ENDED,
        sub=closed.sub,
        client_id=None,
        sid=closed.sid,
        actor=closed.actor,
        **vars(origin),
        detail={"reason": closed.reason, "clients": closed.participants},
    )


def read_entry(row: RowMapping) -> Entry:
    """Return the entry that a row of the journal holds."""
    return Entry(
        number=row["number"],
        kind=row["kind"],
        at=row["at"],
        shard=row["shard"],
        sub=row["sub"] or "",
        sid=row["sid"] or "",
        client_id=row["client_id"] or "",
        reason=row["reason"] or "",
        actor=row["actor"] or "",
        detail=row["detail"] or {},
    )
