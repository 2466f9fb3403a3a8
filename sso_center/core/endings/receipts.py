"""Receipts, as people read them: what ended, which sites were told, and which are still waiting for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, or_, select, tuple_, update

from sso_center.base.clock import Clock
from sso_center.base.errors import NotFound
from sso_center.core.audit import Tag, write_audit
from sso_center.storage.schema import breakers, journal, notices
from sso_center.storage.sql import Database

KINDS = ("ending", "leave", "cutoff")
"""What gives notices; the journal's other kinds are listed when they are asked for."""

WALKED = ("cutoff", "user")
"""Kinds whose notices are those of the sessions that their walk ended."""

UNCONFIRMED = ("pending", "gave_up")
STATES = (*UNCONFIRMED, "confirmed", "superseded", "shown")
PAGE = 500
"""Rows that one transaction may write."""


@dataclass(frozen=True)
class EndingFilter:
    """Which endings are looked for; what is None or empty does not matter. Instants are in milliseconds.

    `client_id`: those it was told of, and those that are about it. `cause`: those of one cut-off's walk.
    """

    sub: str | None = None
    client_id: str | None = None
    sid: str | None = None
    kinds: Sequence[str] = KINDS
    reason: str | None = None
    is_unconfirmed: bool = False
    since: int | None = None
    until: int | None = None
    cause: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many notices of an ending are in each state."""

    confirmed: int = 0
    pending: int = 0
    gave_up: int = 0
    superseded: int = 0
    shown: int = 0

    @property
    def total(self) -> int:
        """How many notices there are."""
        return self.confirmed + self.pending + self.gave_up + self.superseded + self.shown


@dataclass(frozen=True)
class ToldEnding:
    """One ending and how far the sites know of it. `at` is in milliseconds.

    `sub`, `sid` and `client_id` are '' where it has none; `scope` and `name` are a cut-off's. `cause` is the
    number of the cut-off or changed account whose walk ended this session.
    """

    number: int
    at: int
    kind: str
    sub: str
    sid: str
    client_id: str
    reason: str
    actor: str
    scope: str
    name: str
    cause: int | None
    counts: Counts


@dataclass(frozen=True)
class SiteReceipt:
    """What one site knows of one ending. Instants are in milliseconds, `took_ms` says for itself.

    `next_attempt_at` is when a pending one is tried next, which is later while the site answers nobody.
    """

    client_id: str
    sid: str
    sub: str
    state: str
    attempts: int
    took_ms: int | None
    status: int | None
    last_error: str
    next_attempt_at: int | None
    last_attempt_at: int | None
    confirmed_at: int | None
    created_at: int

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in its list: what `of` takes as `after` to go on."""
        return self.client_id, self.sid


@dataclass(frozen=True)
class _Driver:
    """What finds the numbers of entries by one index: conditions, and whether they need the notices."""

    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    has_notices: bool = False


class Receipts:
    """Queries over journal and notices, a page at a time. Every method raises Unavailable.

    `publish` is told the number of an entry whose notices are due again, so that a courier looks at once.
    """

    def __init__(self, database: Database, publish: Callable[[int], None], clock: Clock) -> None:
        self._database = database
        self._publish = publish
        self._clock = clock

    def endings(
        self, wanted: EndingFilter | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[ToldEnding]:
        """Return up to `limit` endings numbered below `before` (from the newest on), the newest first."""
        wanted = wanted or EndingFilter()
        with self._database.read() as connection:
            found: set[int] = set()
            for driver in _drivers(wanted):
                found.update(connection.scalars(_numbers(wanted, driver, before, limit)))
            return _told(connection, sorted(found, reverse=True)[:limit])

    def find(self, number: int) -> ToldEnding:
        """Return one ending; a cut-off's counts are over all that its walk ended. Raises NotFound."""
        with self._database.read() as connection:
            return _one(connection, number)

    def of(self, number: int, *, after: tuple[str, str] | None = None, limit: int = 100) -> list[SiteReceipt]:
        """Return up to `limit` receipts of an ending by client and session, beginning behind `after`.

        A cut-off has its own where a client was taken out of sessions; `endings` with it as the `cause` gives
        the sessions that its walk ended.
        """
        rows = (
            select(notices, breakers.c.probe_at, breakers.c.last_error.label("site_error"))
            .join_from(notices, breakers, notices.c.client_id == breakers.c.client_id, isouter=True)
            .where(notices.c.number == number)
            .order_by(notices.c.client_id, notices.c.sid)
            .limit(limit)
        )
        if after is not None:
            rows = rows.where(tuple_(notices.c.client_id, notices.c.sid) > after)
        with self._database.read() as connection:
            return [_receipt(row) for row in connection.execute(rows).mappings()]

    def deliver_again(
        self, number: int, *, client_id: str | None = None, actor: str, is_confirmed_too: bool = False
    ) -> int:
        """Have the notices of an ending that no site confirmed tried anew, from now on for a day.

        For a cut-off those of all sessions that its walk ended; `client_id` narrows it to one site. Returns
        how many they are. Raises NotFound.
        """
        now, states = self._clock(), (*UNCONFIRMED, *(("confirmed",) if is_confirmed_too else ()))
        with self._database.write() as connection:
            ending = _one(connection, number)
            write_audit(
                connection,
                Tag.NOTICES_REPEATED,
                at=now,
                sub=ending.sub or None,
                sid=ending.sid or None,
                client_id=client_id,
                actor=actor,
                detail={"entry": number},
            )
        meant = [_belongs_to(ending), notices.c.state.in_(states)]
        if client_id is not None:
            meant.append(notices.c.client_id == client_id)
        count = self._make_due(meant, now)
        if count:
            self._publish(number)
        return count

    def _make_due(self, meant: list[ColumnElement[bool]], now: int) -> int:
        count, last = 0, 0
        page = select(notices.c.id, notices.c.client_id).where(*meant).order_by(notices.c.id).limit(PAGE)
        while True:
            with self._database.write() as connection:
                rows = connection.execute(page.where(notices.c.id > last)).all()
                if not rows:
                    return count
                ids = [row.id for row in rows]
                connection.execute(
                    update(notices)
                    .where(notices.c.id.in_(ids))
                    .values(state="pending", attempts=0, next_attempt_at=now, created_at=now)
                )
                connection.execute(
                    update(breakers)
                    .where(breakers.c.client_id.in_({row.client_id for row in rows}))
                    .values(probe_at=now)
                )
            count, last = count + len(ids), ids[-1]


def _drivers(wanted: EndingFilter) -> list[_Driver]:
    """Return by which indexes the numbers are found: each of them gives them in order, none a scan."""
    client = wanted.client_id
    of_client = [] if client is None else [notices.c.client_id == client]
    states = UNCONFIRMED if wanted.is_unconfirmed else STATES
    by_notices = [_Driver([notices.c.state == state, *of_client], True) for state in states]
    if wanted.is_unconfirmed:
        return by_notices
    return [_Driver()] if client is None else [*by_notices, _Driver([journal.c.client_id == client])]


def _numbers(wanted: EndingFilter, driver: _Driver, before: int | None, limit: int) -> Select[tuple[int]]:
    number = notices.c.number if driver.has_notices else journal.c.number
    chosen = select(number).where(journal.c.kind.in_(wanted.kinds), *driver.conditions)
    if driver.has_notices:
        chosen = chosen.join_from(notices, journal, journal.c.number == notices.c.number).group_by(number)
    equal = {
        journal.c.sub: wanted.sub,
        journal.c.sid: wanted.sid,
        journal.c.reason: wanted.reason,
        journal.c.cause: wanted.cause,
    }
    chosen = chosen.where(*(column == value for column, value in equal.items() if value is not None))
    if wanted.since is not None:
        chosen = chosen.where(journal.c.at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(journal.c.at <= wanted.until)
    if before is not None:
        chosen = chosen.where(number < before)
    return chosen.order_by(number.desc()).limit(limit)


def _one(connection: Connection, number: int) -> ToldEnding:
    found = _told(connection, [number])
    if not found:
        raise NotFound(f"There is no entry {number} in the journal.")
    return found[0]


def _told(connection: Connection, numbers: Sequence[int]) -> list[ToldEnding]:
    rows = connection.execute(
        select(journal).where(journal.c.number.in_(numbers)).order_by(journal.c.number.desc())
    )
    entries = list(rows.mappings())
    walked = [row["number"] for row in entries if row["kind"] in WALKED]
    own = [row["number"] for row in entries if row["kind"] not in WALKED]
    counts = _count(connection, notices.c.number, own) | _count(connection, notices.c.cause, walked)
    return [_ending(row, counts.get(row["number"], {})) for row in entries]


def _count(
    connection: Connection, by: ColumnElement[Any], numbers: Iterable[int]
) -> dict[int, dict[str, int]]:
    wanted = select(by, notices.c.state, func.count()).where(by.in_(list(numbers)))
    found: dict[int, dict[str, int]] = {}
    for number, state, count in connection.execute(wanted.group_by(by, notices.c.state)):
        found.setdefault(number, {})[state] = int(count)
    return found


def _belongs_to(ending: ToldEnding) -> ColumnElement[bool]:
    if ending.kind in WALKED:
        return or_(notices.c.number == ending.number, notices.c.cause == ending.number)
    return notices.c.number == ending.number


def _ending(row: RowMapping, counts: dict[str, int]) -> ToldEnding:
    detail = row["detail"] or {}
    return ToldEnding(
        number=row["number"],
        at=row["at"],
        kind=row["kind"],
        sub=row["sub"] or "",
        sid=row["sid"] or "",
        client_id=row["client_id"] or "",
        reason=row["reason"] or "",
        actor=row["actor"] or "",
        scope=detail.get("scope", ""),
        name=detail.get("name", ""),
        cause=row["cause"],
        counts=Counts(**counts),
    )


def _receipt(row: RowMapping) -> SiteReceipt:
    is_pending = row["state"] == "pending"
    return SiteReceipt(
        client_id=row["client_id"],
        sid=row["sid"],
        sub=row["sub"],
        state=row["state"],
        attempts=row["attempts"],
        took_ms=row["took_ms"],
        status=row["status_code"],
        last_error=row["last_error"] or (row["site_error"] if is_pending else "") or "",
        next_attempt_at=max(row["next_attempt_at"] or 0, row["probe_at"] or 0) if is_pending else None,
        last_attempt_at=row["last_attempt_at"],
        confirmed_at=row["confirmed_at"],
        created_at=row["created_at"],
    )
