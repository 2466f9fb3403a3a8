"""The search of the audit log, the newest first, a page at a time.

The next page begins after an event, so that new events move nothing. Without a matching index the search
looks at `LOOKED_AT_ONCE` events in a call; the page says how far back that was, and the next call continues
from there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, or_, select

from sso_center.base.errors import Invalid
from sso_center.core.audit.audit import Entry, read_entry
from sso_center.storage.schema import audit
from sso_center.storage.sql import ESCAPE, Database, escaped

MAX_PAGE = 500
LOOKED_AT_ONCE = 20_000
MAX_WORDS = 100

_CURSOR = re.compile(r"(\d{1,15})\.(\d{1,15})", re.ASCII)
_INDEXED = ("sid", "sub", "address", "client_id")
"""Columns with an index of their own, the most selective first."""


@dataclass(frozen=True)
class LoggedEvent(Entry):
    """An event and its number in the log."""

    id: int


@dataclass(frozen=True)
class AuditFilter:
    """The conditions of a search, all of which must match. Instants are in milliseconds.

    `tag` is one of Tag, or the beginning of several up to a colon, such as `admin:`. `since` is included,
    `until` is not. `text` may be anywhere in an event, ignoring case.
    """

    sub: str | None = None
    client_id: str | None = None
    sid: str | None = None
    tag: str | None = None
    actor: str | None = None
    address: str | None = None
    since: int | None = None
    until: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class AuditPage:
    """Events, the newest first. `next` continues after them, and is None when nothing is left.

    `reached` is how far back was looked (ms), None when to the end.
    """

    events: tuple[LoggedEvent, ...]
    next: str | None
    reached: int | None


class AuditLog:
    """The audit log for reading. Each method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50) -> AuditPage:
        """Return up to `limit` events, at most 500; `cursor` is the `next` of the page before.

        A page may be short or empty and still have a next one. Raises Invalid naming the field.
        """
        if not 0 < limit <= MAX_PAGE:
            raise Invalid(f"limit is a whole number from 1 to {MAX_PAGE}.", field="limit")
        if wanted.text is not None and len(wanted.text) > MAX_WORDS:
            raise Invalid(f"text has at most {MAX_WORDS} characters.", field="text")
        near, rest = _conditions(wanted, cursor)
        looked_at = _newest(select(audit).where(*near)).limit(LOOKED_AT_ONCE)
        inner = looked_at.subquery()
        chosen = _newest(select(inner).where(*(one(inner.c) for one in rest)), inner.c) if rest else looked_at
        with self._database.read() as connection:
            rows = connection.execute(chosen.limit(limit + 1)).all()
            if len(rows) > limit:
                last: Any = rows[limit - 1]
            elif rest:
                last = connection.execute(looked_at.offset(LOOKED_AT_ONCE - 1).limit(1)).first()
            else:
                last = None
        events = tuple(LoggedEvent(**vars(read_entry(row)), id=row.id) for row in rows[:limit])
        return AuditPage(events, f"{last.at}.{last.id}" if last else None, last.at if last else None)

    def every(self, wanted: AuditFilter) -> Iterator[Sequence[LoggedEvent]]:
        """Yield all matching events, some hundred at a time, so that few are in memory."""
        cursor: str | None = None
        while True:
            page = self.find(wanted, cursor=cursor, limit=MAX_PAGE)
            yield page.events
            cursor = page.next
            if cursor is None:
                return


def _newest(chosen: Select[Any], columns: Any = audit.c) -> Select[Any]:
    return chosen.order_by(columns.at.desc(), columns.id.desc())


def _conditions(wanted: AuditFilter, cursor: str | None) -> tuple[list[ColumnElement[bool]], list[Any]]:
    """Return the condition for an index, and the conditions for each event, as functions of the columns."""
    near: list[ColumnElement[bool]] = []
    rest: list[Any] = []
    if cursor is not None:
        at, number = _read_cursor(cursor)
        # The first half is for the index.
        near += [audit.c.at <= at, or_(audit.c.at < at, audit.c.id < number)]
    if wanted.since is not None:
        near.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        near.append(audit.c.at < wanted.until)
    given = [name for name in _INDEXED if getattr(wanted, name) is not None]
    near += [audit.c[name] == getattr(wanted, name) for name in given[:1]]
    rest += [_equal(name, getattr(wanted, name)) for name in given[1:]]
    if wanted.actor is not None:
        rest.append(_equal("actor", wanted.actor))
    if wanted.tag is not None:
        rest.append(_tagged(wanted.tag))
    if wanted.text is not None:
        rest.append(_holding(wanted.text))
    return near, rest


def _equal(name: str, value: str) -> Any:
    return lambda columns: columns[name] == value


def _tagged(tag: str) -> Any:
    if tag.endswith(":"):
        return lambda columns: columns.tag.startswith(tag, autoescape=True)
    return _equal("tag", tag)


def _holding(text: str) -> Any:
    # Lowered by the database on both sides: SQLite knows the case of ASCII only.
    sought = func.lower(f"%{escaped(text)}%")

    def holds(columns: Any) -> ColumnElement[bool]:
        places = ("tag", "sub", "client_id", "sid", "actor", "address", "user_agent", "request_id", "detail")
        texts = [func.coalesce(cast(columns[place], Text), "") for place in places]
        return or_(*(func.lower(one).like(sought, escape=ESCAPE) for one in texts))

    return holds


def _read_cursor(text: str) -> tuple[int, int]:
    read = _CURSOR.fullmatch(text)
    if read is None:
        raise Invalid("cursor is the next of an earlier page.", field="cursor")
    return int(read[1]), int(read[2])
