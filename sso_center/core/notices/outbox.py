"""The outbox: the notices in SQL. It leases due notices and stores the receipt of each attempt.

A site whose attempts fail in a row has its *breaker* opened: from then on one notice at a time is tried,
after growing pauses, and the site's other notices wait at no cost. The first success closes the breaker.
"""

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, ScalarSelect, Select, case, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.expression import CTE

from sso_center.core.notices.creation import NewNotice, add_notices
from sso_center.core.notices.sender import Receipt
from sso_center.storage.schema import breakers, journal, notices
from sso_center.storage.sql import Database

LEASE = 30_000
"""Milliseconds in which a courier delivers a leased notice before another courier may try."""

GIVE_UP_AFTER = 24 * 3600 * 1000
FIRST_RETRY = 1_000
LONGEST_RETRY = 3600_000

OPENS_AT = 4
"""Failures in a row that open a site's breaker."""

FIRST_PAUSE = 5_000
LONGEST_PAUSE = 120_000
"""Milliseconds between two attempts at a site with an open breaker: doubling, up to the longest."""

PAGE = 500
"""Rows that one transaction may write."""


@dataclass(frozen=True)
class Notice:
    """A due notice: of which ending, for which client. `attempts` are those before this one.

    `ended_at` is when the ending was recorded (ms), `handle` is the session's name in the client's
    `protocol`.
    """

    id: int
    number: int
    client_id: str
    sid: str
    sub: str
    attempts: int
    ended_at: int
    protocol: str
    handle: str


@dataclass(frozen=True)
class Breaker:
    """How a site's last attempts went. `probe_at` (ms) is when an open breaker allows the next attempt."""

    client_id: str
    failures: int
    probe_at: int
    last_error: str

    @property
    def is_open(self) -> bool:
        """Say whether the breaker is open: the site then gets one attempt at a time."""
        return self.failures >= OPENS_AT


class Outbox:
    """Leases due notices, so that several couriers never deliver the same notice at the same time.

    Every method raises Unavailable.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(self, now: int, *, limit: int, not_for: Collection[str]) -> list[Notice]:
        """Lease up to `limit` notices that are due at `now` (ms): one for each client, none for clients in
        `not_for`.

        One for each client, since a slow client must not occupy all of a courier's threads. The cost does not
        grow with the number of waiting notices.
        """
        with self._database.write() as connection:
            first = connection.scalars(_first_of_each(now, not_for)).all()
            due = (
                select(notices, journal.c.at)
                .join(journal, journal.c.number == notices.c.number)
                .where(notices.c.id.in_(first))
                # Checked on the locked row: another courier may have leased it since it was found.
                .where(notices.c.state == "pending", notices.c.leased_until <= now)
                .order_by(notices.c.next_attempt_at, notices.c.id)
                .limit(limit)
                .with_for_update(of=notices, skip_locked=True)
            )
            rows = connection.execute(due).all()
            leased = [row.id for row in rows]
            connection.execute(
                update(notices).where(notices.c.id.in_(leased)).values(leased_until=now + LEASE)
            )
            # With an open breaker this is the one attempt: the breaker stays shut to others for the lease.
            connection.execute(
                update(breakers)
                .where(breakers.c.client_id.in_({row.client_id for row in rows}))
                .where(breakers.c.failures >= OPENS_AT)
                .values(probe_at=now + LEASE)
            )
        return [
            Notice(
                row.id,
                row.number,
                row.client_id,
                row.sid,
                row.sub,
                row.attempts,
                row.at,
                row.protocol,
                row.handle,
            )
            for row in rows
        ]

    def is_any_due(self, now: int) -> bool:
        """Say whether a notice is due, without taking a lock."""
        with self._database.read() as connection:
            return connection.scalar(_first_of_each(now, ()).limit(1)) is not None

    def count_by_state(self) -> dict[str, int]:
        """Return how many notices there are in each state."""
        wanted = select(notices.c.state, func.count()).group_by(notices.c.state)
        with self._database.read() as connection:
            return {row.state: int(row[1]) for row in connection.execute(wanted)}

    def breakers(self) -> dict[str, Breaker]:
        """Return the breakers of sites whose last attempt failed, by client."""
        with self._database.read() as connection:
            rows = connection.execute(select(breakers)).all()
        return {
            row.client_id: Breaker(row.client_id, row.failures, row.probe_at, row.last_error or "")
            for row in rows
        }

    def keep(self, notice: Notice, receipt: Receipt, now: int, *, jitter: float) -> None:
        """Store the receipt of an attempt, and schedule the retry when it failed.

        `jitter`, 0 to 1, spreads the retries of notices that failed together.
        """
        attempts = notice.attempts + 1
        values: dict[str, object] = {
            "attempts": attempts,
            "leased_until": 0,
            "status_code": receipt.status,
            "took_ms": receipt.took,
            "last_error": receipt.error,
            "last_attempt_at": now,
        }
        if receipt.is_confirmed:
            values |= {"state": "confirmed", "confirmed_at": now}
        with self._database.write() as connection:
            if not receipt.is_confirmed:
                is_late = now - _tried_since(connection, notice) >= GIVE_UP_AFTER
                values |= (
                    {"state": "gave_up"}
                    if is_late
                    else {"next_attempt_at": now + retry_after(attempts, jitter)}
                )
            connection.execute(update(notices).where(notices.c.id == notice.id).values(**values))
            if receipt.is_confirmed:
                _close_breaker(connection, notice.client_id, now)
            else:
                _note_failure(connection, notice.client_id, receipt.error, now, jitter)

    def supersede(self, notice: Notice) -> None:
        """Mark a notice superseded: the person has a newer session at that client."""
        with self._database.write() as connection:
            connection.execute(
                update(notices)
                .where(notices.c.id == notice.id, notices.c.state == "pending")
                .values(state="superseded", leased_until=0)
            )

    def note_shown(self, number: int, shown: Sequence[NewNotice], now: int) -> None:
        """Record that clients were asked to sign out through the browser, which nobody can confirm.

        A client that has a notice of the same ending keeps that notice.
        """
        state = {"state": "shown", "attempts": 1, "last_attempt_at": now}
        with self._database.write() as connection:
            add_notices(connection, number, shown, now, next_attempt_at=None, cause=None, **state)


def retry_after(attempts: int, jitter: float) -> int:
    """Return the pause (ms) before the next retry: doubling with each attempt, up to an hour, less up to a
    quarter.
    """
    return _doubling(attempts, FIRST_RETRY, LONGEST_RETRY, jitter)


def pause_after(failures: int, jitter: float) -> int:
    """Return the pause (ms) of a breaker after so many failures in a row, 0 while the breaker is closed."""
    if failures < OPENS_AT:
        return 0
    return _doubling(failures - OPENS_AT + 1, FIRST_PAUSE, LONGEST_PAUSE, jitter)


def _doubling(times: int, first: int, longest: int, jitter: float) -> int:
    return int(min(first * 2 ** min(times - 1, 20), longest) * (1 - jitter / 4))


def _first_of_each(now: int, not_for: Collection[str]) -> Select[int]:
    """Select the id of each client's first notice, for clients that have a due one."""
    waiting = _waiting_clients()
    is_due = case(
        # With a closed breaker each notice waits for its own time, with an open one only for the breaker's.
        (func.coalesce(breakers.c.failures, 0) >= OPENS_AT, breakers.c.probe_at <= now),
        else_=True,
    )
    first = _first_of(waiting, now)
    return (
        select(first.label("id"))
        .select_from(waiting.outerjoin(breakers, breakers.c.client_id == waiting.c.client_id))
        .where(waiting.c.client_id.is_not(None), waiting.c.client_id.not_in(list(not_for)), is_due)
        .where(first.is_not(None))
    )


def _waiting_clients() -> CTE:
    """Return the clients with pending notices, by one look-up in the index for each."""
    pending = notices.c.state == "pending"
    start = select(func.min(notices.c.client_id).label("client_id")).where(pending)
    found = start.cte("waiting", recursive=True)
    following = (
        select(func.min(notices.c.client_id))
        .where(pending, notices.c.client_id > found.c.client_id)
        .scalar_subquery()
    )
    return found.union_all(select(following).where(found.c.client_id.is_not(None)))


def _first_of(waiting: CTE, now: int) -> ScalarSelect[int]:
    own_time = or_(notices.c.next_attempt_at <= now, breakers.c.failures >= OPENS_AT)
    return (
        select(notices.c.id)
        .where(notices.c.state == "pending", notices.c.client_id == waiting.c.client_id)
        .where(notices.c.leased_until <= now, own_time)
        .order_by(notices.c.next_attempt_at, notices.c.id)
        .limit(1)
        .correlate(waiting, breakers)
        .scalar_subquery()
    )


def _tried_since(connection: Connection, notice: Notice) -> int:
    """Return when (ms) the attempts of a notice began: an admin may have restarted them meanwhile."""
    row = select(notices.c.created_at).where(notices.c.id == notice.id).with_for_update()
    return int(connection.execute(row).scalar_one())


def _close_breaker(connection: Connection, client_id: str, now: int) -> None:
    own = breakers.c.client_id == client_id
    failures = connection.scalar(select(breakers.c.failures).where(own))
    if failures is not None:
        connection.execute(delete(breakers).where(own))
    if failures is not None and failures >= OPENS_AT:
        # The site answers again: its notices need not wait for the retry times that its silence had set.
        connection.execute(
            update(notices)
            .where(notices.c.state == "pending", notices.c.client_id == client_id)
            .where(notices.c.next_attempt_at > now)
            .values(next_attempt_at=now)
        )


def _note_failure(connection: Connection, client_id: str, error: str, now: int, jitter: float) -> None:
    own = breakers.c.client_id == client_id
    with contextlib.suppress(IntegrityError), connection.begin_nested():
        connection.execute(insert(breakers).values(client_id=client_id, failures=0, probe_at=0))
    failures = 1 + connection.execute(select(breakers.c.failures).where(own).with_for_update()).scalar_one()
    pause = pause_after(failures, jitter)
    connection.execute(
        update(breakers)
        .where(own)
        .values(failures=failures, probe_at=now + pause if pause else 0, last_error=error)
    )
    _give_up_waiting(connection, client_id, error, now)


def _give_up_waiting(connection: Connection, client_id: str, error: str, now: int) -> None:
    """Give up notices that waited a day for their first attempt, behind an open breaker."""
    too_old = (
        select(notices.c.id)
        .where(notices.c.state == "pending", notices.c.client_id == client_id)
        .where(notices.c.next_attempt_at <= now - GIVE_UP_AFTER, notices.c.created_at <= now - GIVE_UP_AFTER)
        .limit(PAGE)
    )
    connection.execute(
        update(notices)
        .where(notices.c.id.in_(too_old), notices.c.leased_until <= now)
        .values(state="gave_up", last_error=error)
    )
