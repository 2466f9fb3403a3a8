"""The notices in SQL: leasing those that are due, and keeping their receipts."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, func, select, update

from sso_center.storage.schema import notices
from sso_center.storage.sql import Database

LEASE = 30_000
"""Milliseconds a courier has to deliver what it leased before another may try."""

GIVE_UP_AFTER = 24 * 3600 * 1000
FIRST_RETRY = 1_000
LONGEST_RETRY = 3600_000


@dataclass(frozen=True)
class Notice:
    """A notice that is due: which ending, told to whom. `attempts` are those before this one."""

    id: int
    number: int
    client_id: str
    sid: str
    sub: str
    attempts: int
    created_at: int


@dataclass(frozen=True)
class Receipt:
    """What came of an attempt. `took` is in milliseconds; `error` is for the admin, without secrets."""

    is_confirmed: bool
    status: int | None
    took: int
    error: str


class Notices:
    """Leases due notices, so that several couriers never deliver the same one twice at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(self, now: int, *, limit: int, not_for: Collection[str]) -> list[Notice]:
        """Lease up to `limit` notices due at `now` (ms), one a client and none for clients in `not_for`.

        One a client, since a client that is slow to answer must not get all of a courier's threads.
        Raises Unavailable.
        """
        is_due = and_(
            notices.c.state == "pending",
            notices.c.next_attempt_at <= now,
            notices.c.leased_until <= now,
            notices.c.client_id.not_in(list(not_for)),
        )
        due = (
            select(notices)
            .where(
                is_due, notices.c.id.in_(select(func.min(notices.c.id)).where(is_due).group_by("client_id"))
            )
            .order_by(notices.c.next_attempt_at, notices.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            rows = connection.execute(due).all()
            leased = [row.id for row in rows]
            connection.execute(
                update(notices).where(notices.c.id.in_(leased)).values(leased_until=now + LEASE)
            )
        return [
            Notice(row.id, row.number, row.client_id, row.sid, row.sub, row.attempts, row.created_at)
            for row in rows
        ]

    def is_any_due(self, now: int) -> bool:
        """Say whether a notice is due, without taking a lock. Raises Unavailable."""
        due = select(notices.c.id).where(
            notices.c.state == "pending", notices.c.next_attempt_at <= now, notices.c.leased_until <= now
        )
        with self._database.read() as connection:
            return connection.scalar(due.limit(1)) is not None

    def count_by_state(self) -> dict[str, int]:
        """Return how many notices there are in each state. Raises Unavailable."""
        wanted = select(notices.c.state, func.count()).group_by(notices.c.state)
        with self._database.read() as connection:
            return {row.state: int(row[1]) for row in connection.execute(wanted)}

    def keep(self, notice: Notice, receipt: Receipt, now: int, *, jitter: float) -> None:
        """Keep the receipt of an attempt, and set the next one when it failed. Raises Unavailable.

        `jitter`, 0 to 1, spreads the tries of many notices that failed together.
        """
        attempts = notice.attempts + 1
        values: dict[str, object] = {
            "attempts": attempts,
            "leased_until": 0,
            "status_code": receipt.status,
            "took_ms": receipt.took,
            "last_error": receipt.error,
        }
        if receipt.is_confirmed:
            values |= {"state": "confirmed", "confirmed_at": now}
        elif now - notice.created_at >= GIVE_UP_AFTER:
            values |= {"state": "gave_up"}
        else:
            values |= {"next_attempt_at": now + retry_after(attempts, jitter)}
        with self._database.write() as connection:
            connection.execute(update(notices).where(notices.c.id == notice.id).values(**values))


def retry_after(attempts: int, jitter: float) -> int:
    """Return how long (ms) to wait after so many failures: doubling, to an hour, less up to a quarter."""
    wait = min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LONGEST_RETRY)
    return int(wait * (1 - jitter / 4))
