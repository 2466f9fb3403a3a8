"""Receipts for admins: what ended, which sites confirmed it, and which have not yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select, tuple_, update

from sso_center.base.actor import Actor
from sso_center.base.clock import Clock
from sso_center.base.errors import NotFound
from sso_center.core.audit import Tag, write_audit
from sso_center.core.notices.ending_filter import UNCONFIRMED, EndingFilter, find_numbers
from sso_center.storage.schema import breakers, journal, notices
from sso_center.storage.sql import Database

ENDS_MANY = ("cutoff", "user")
"""Kinds of entries whose notices belong to the sessions that their job ended."""

PAGE = 500
"""Rows that one transaction may write."""


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
class EndingSummary:
    """One ending and the counts of its notices. `at` is in milliseconds.

    `sub`, `sid` and `client_id` are '' when it has none; `scope` and `name` are a cut-off's. `cause` is the
    number of the cut-off or changed account whose job ended this session.
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

    @property
    def is_of_many(self) -> bool:
        """Whether its notices belong to the sessions that its job ended."""
        return self.kind in ENDS_MANY


@dataclass(frozen=True)
class SiteReceipt:
    """One site's notice of one ending. Instants and `took_ms` are in milliseconds.

    `next_attempt_at` is when a pending notice is tried next: later while the site's breaker is open.
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
        """Its place in the list: what `of` takes as `after` to continue."""
        return self.client_id, self.sid


@dataclass(frozen=True)
class SiteCounts:
    """One site's counts over everything that an ending ended: "980 of 1000 confirmed".

    `open` is the oldest notice that is pending or given up, None when there is none.
    """

    client_id: str
    counts: Counts
    open: SiteReceipt | None


class Receipts:
    """Queries over journal and notices, a page at a time. Every method raises Unavailable.

    `publish` gets the number of an entry whose notices are due again, so that a courier looks at once.
    """

    def __init__(self, database: Database, publish: Callable[[int], None], clock: Clock) -> None:
        self._database = database
        self._publish = publish
        self._clock = clock

    def endings(
        self, wanted: EndingFilter | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[EndingSummary]:
        """Return up to `limit` endings numbered below `before` (None: all), the newest first."""
        with self._database.read() as connection:
            return _summaries(connection, find_numbers(connection, wanted or EndingFilter(), before, limit))

    def find(self, number: int) -> EndingSummary:
        """Return one ending; a cut-off's counts cover every session that its job ended. Raises NotFound."""
        with self._database.read() as connection:
            return _one(connection, number)

    def of(self, number: int, *, after: tuple[str, str] | None = None, limit: int = 100) -> list[SiteReceipt]:
        """Return up to `limit` receipts of an ending, by client and session, beginning after `after`.

        A cut-off has receipts of its own where a client left sessions; `endings` with the cut-off as `cause`
        lists the sessions that its job ended.
        """
        rows = _RECEIPTS.where(notices.c.number == number)
        rows = rows.order_by(notices.c.client_id, notices.c.sid).limit(limit)
        if after is not None:
            rows = rows.where(tuple_(notices.c.client_id, notices.c.sid) > after)
        with self._database.read() as connection:
            return [_receipt(row) for row in connection.execute(rows).mappings()]

    def by_site(self, number: int) -> list[SiteCounts]:
        """Return each site's counts over everything that an ending ended, open notices first.

        For a cut-off these are all sessions that its job ended. Raises NotFound.
        """
        with self._database.read() as connection:
            counted = connection.execute(count_notices_by_site(_one(connection, number))).all()
            opened = [row.first for row in counted if row.state in UNCONFIRMED]
            # The newest first, so that of several open notices the oldest stays.
            rows = connection.execute(
                _RECEIPTS.where(notices.c.id.in_(opened)).order_by(notices.c.id.desc())
            ).mappings()
            return _by_site(counted, {row["client_id"]: _receipt(row) for row in rows})

    def deliver_again(
        self, number: int, *, client_id: str | None = None, actor: Actor, is_confirmed_too: bool = False
    ) -> int:
        """Retry the unconfirmed notices of an ending from now on, for a day; return how many they are. Raises
        NotFound.

        For a cut-off these are the notices of all sessions that its job ended; `client_id` limits it to one
        site.
        """
        now, states = self._clock(), (*UNCONFIRMED, *(("confirmed",) if is_confirmed_too else ()))
        with self._database.write() as connection:
            ending = _one(connection, number)
            write_audit(
                connection,
                Tag.NOTICES_REPEATED,
                actor,
                at=now,
                sub=ending.sub or None,
                sid=ending.sid or None,
                client_id=client_id,
                detail={"entry": number},
            )
            meant = [_belongs_to(ending), notices.c.state.in_(states)]
            if client_id is not None:
                meant.append(notices.c.client_id == client_id)
            due = _make_due(connection, meant, now)
        count = len(due)
        while due:
            with self._database.write() as connection:
                due = _make_due(connection, meant, now, after=due[-1])
            count += len(due)
        if count:
            self._publish(number)
        return count


def _make_due(
    connection: Connection, meant: list[ColumnElement[bool]], now: int, after: int = 0
) -> list[int]:
    """Make a page of notices due again, beginning behind the number `after`, and return their numbers."""
    page = select(notices.c.id, notices.c.client_id).where(*meant, notices.c.id > after)
    rows = connection.execute(page.order_by(notices.c.id).limit(PAGE)).all()
    ids = [row.id for row in rows]
    again = {"state": "pending", "attempts": 0, "next_attempt_at": now, "created_at": now}
    connection.execute(update(notices).where(notices.c.id.in_(ids)).values(**again))
    sites = {row.client_id for row in rows}
    connection.execute(update(breakers).where(breakers.c.client_id.in_(sites)).values(probe_at=now))
    return ids


_RECEIPTS = select(notices, breakers.c.probe_at, breakers.c.last_error.label("site_error")).join_from(
    notices, breakers, notices.c.client_id == breakers.c.client_id, isouter=True
)


def count_notices_by_site(ending: EndingSummary) -> Select[Any]:
    """Count the notices of an ending by site and state, from an index alone, with the first of each."""
    site, state = notices.c.client_id, notices.c.state
    wanted = select(site, state, func.count().label("times"), func.min(notices.c.id).label("first"))
    return wanted.where(_belongs_to(ending)).group_by(site, state)


def _by_site(counted: Iterable[Any], opened: Mapping[str, SiteReceipt]) -> list[SiteCounts]:
    counts: dict[str, dict[str, int]] = {}
    for row in counted:
        counts.setdefault(row.client_id, {})[row.state] = row.times
    sites = [SiteCounts(site, Counts(**known), opened.get(site)) for site, known in counts.items()]
    return sorted(sites, key=lambda one: (one.open is None, one.client_id))


def _one(connection: Connection, number: int) -> EndingSummary:
    found = _summaries(connection, [number])
    if not found:
        raise NotFound(f"There is no entry {number} in the journal.")
    return found[0]


def _summaries(connection: Connection, numbers: Sequence[int]) -> list[EndingSummary]:
    rows = connection.execute(
        select(journal).where(journal.c.number.in_(numbers)).order_by(journal.c.number.desc())
    )
    entries = list(rows.mappings())
    of_jobs = [row["number"] for row in entries if row["kind"] in ENDS_MANY]
    own = [row["number"] for row in entries if row["kind"] not in ENDS_MANY]
    counts = _count(connection, notices.c.number, own) | _count(connection, notices.c.cause, of_jobs)
    return [_ending(row, counts.get(row["number"], {})) for row in entries]


def _count(
    connection: Connection, by: ColumnElement[Any], numbers: Iterable[int]
) -> dict[int, dict[str, int]]:
    wanted = select(by, notices.c.state, func.count()).where(by.in_(list(numbers)))
    found: dict[int, dict[str, int]] = {}
    for number, state, count in connection.execute(wanted.group_by(by, notices.c.state)):
        found.setdefault(number, {})[state] = int(count)
    return found


def _belongs_to(ending: EndingSummary) -> ColumnElement[bool]:
    of = notices.c.cause if ending.is_of_many else notices.c.number
    return of == ending.number


def _ending(row: RowMapping, counts: dict[str, int]) -> EndingSummary:
    detail = row["detail"] or {}
    return EndingSummary(
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
