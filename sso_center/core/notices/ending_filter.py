"""The filter of a search for endings, and the numbers that it finds: by indexes, the newest first, never by a
scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Select, select

from sso_center.core.reasons import Reason
from sso_center.storage.schema import journal, notices

KINDS = ("ending", "leave", "cutoff")
"""The kinds that have notices; the journal's other kinds are listed only when asked for."""

UNCONFIRMED = ("pending", "gave_up")
CHANGES = (Reason.DISABLED, Reason.REMOVED, Reason.PASSWORD_CHANGE, Reason.ROLE_LOST, Reason.CHANGED)
"""The reasons for which a changed account ends sessions."""

STATES = (*UNCONFIRMED, "confirmed", "superseded", "shown")


@dataclass(frozen=True)
class EndingFilter:
    """A filter for endings; None or empty means any. Instants are in milliseconds.

    `client_id`: endings that this client was notified of, and those about it. `cause`: endings by one
    cut-off's job. `is_summed_up`: instead of the sessions that a job ended, list the entry that caused it,
    with the receipts of all its sites; meant for a list of everything.
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
    is_summed_up: bool = False


@dataclass(frozen=True)
class Driver:
    """A way to find the numbers of entries by one index: conditions, and whether they need the notices."""

    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    has_notices: bool = False


def find_numbers(connection: Connection, wanted: EndingFilter, before: int | None, limit: int) -> list[int]:
    """Return the numbers of up to `limit` endings below `before`, the newest first."""
    found: set[int] = set()
    for driver in drivers(wanted):
        found.update(connection.scalars(numbers(wanted, driver, before, limit)))
    return sorted(found, reverse=True)[:limit]


def drivers(wanted: EndingFilter) -> list[Driver]:
    """Return the ways that find the numbers: each reads one index in order, none scans."""
    client = wanted.client_id
    of_client = [] if client is None else [notices.c.client_id == client]
    states = UNCONFIRMED if wanted.is_unconfirmed else STATES
    by_notices = [Driver([notices.c.state == state, *of_client], True) for state in states]
    if wanted.is_unconfirmed:
        return by_notices
    if wanted.is_summed_up:
        return [Driver([journal.c.cause.is_(None), journal.c.kind != "user"]), *_changes_that_ended()]
    return [Driver()] if client is None else [*by_notices, Driver([journal.c.client_id == client])]


def _changes_that_ended() -> list[Driver]:
    """Return the ways that find changed accounts whose job ended a session; each reason has few."""
    ended = journal.alias()
    has_ended = select(ended.c.number).where(ended.c.cause == journal.c.number).exists()
    return [Driver([journal.c.reason == reason, journal.c.kind == "user", has_ended]) for reason in CHANGES]


def numbers(wanted: EndingFilter, driver: Driver, before: int | None, limit: int) -> Select[tuple[int]]:
    number = notices.c.number if driver.has_notices else journal.c.number
    kinds = (*wanted.kinds, "user") if wanted.is_summed_up else wanted.kinds
    chosen = select(number).where(journal.c.kind.in_(kinds), *driver.conditions)
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
