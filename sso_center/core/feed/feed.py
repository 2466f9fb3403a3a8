"""The feed of one process: the journal's events for each client, certain as of the moment of asking.

Each question costs one SQL query. It reads the head of the journal, so that everything acknowledged before is
in the answer, and the new entries. The rest comes from memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import RowMapping, ScalarSelect, bindparam, func, select

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Clients
from sso_center.core.feed.audience import KINDS, audience_of
from sso_center.core.feed.recent_entries import KEPT, FeedEvent, Page, Position, RecentEntries
from sso_center.core.journal import SET_BACK, Entry, EntryApplier, apply_user_change, read_entry
from sso_center.core.users import Users
from sso_center.storage.schema import journal, meta
from sso_center.storage.sql import Database

AT_THE_START = 2_000
"""How many of the latest entries a process reads at its first question."""

PAGE = 1_000

Describe = Callable[[str, Entry], bytes]
"""Returns the event of an entry, given the journal's lineage."""


def _meta_value(key: str) -> ScalarSelect[str]:
    """Select the value of a key in `meta`."""
    other = meta.alias()
    return select(other.c.value).where(other.c.key == key).scalar_subquery()


_NEWS = (
    select(
        meta.c.value.label("lineage"),
        _meta_value("config_version").label("version"),
        _meta_value(SET_BACK).label("set_back"),
        select(func.max(journal.c.number)).scalar_subquery().label("head"),
        journal,
    )
    .select_from(meta.outerjoin(journal, journal.c.number >= bindparam("last")))
    .where(meta.c.key == "lineage")
    .order_by(journal.c.number)
    .limit(PAGE)
)
"""The entries from `last` on, that one included; with lineage, version and head in each row."""

_UNAPPLIED = (
    select(journal)
    .where(
        ~journal.c.is_applied, journal.c.number > bindparam("after"), journal.c.number <= bindparam("last")
    )
    .order_by(journal.c.number)
    .limit(PAGE)
)


@dataclass(frozen=True)
class _News:
    """The result of one query. The rows begin with the last known entry, if it is still there."""

    lineage: str
    version: int
    head: int
    rows: Sequence[RowMapping]


class Feed:
    """The feed of one process. `describe` makes the event of an entry. Thread-safe."""

    def __init__(
        self, database: Database, clients: Clients, users: Users, applier: EntryApplier, describe: Describe
    ) -> None:
        self._database = database
        self._clients = clients
        self._users = users
        self._applier = applier
        self._describe = describe
        self._recent: RecentEntries | None = None
        self._reading = Lock()

    def since(self, client_id: str, after: Position | None) -> Page:
        """Return a client's events after a position; without `after`, only the present position.

        Everything acknowledged before the call lies at or before the page's position. Raises Unavailable.
        """
        with self._reading:
            return self._refresh().page(after, client_id)

    def news(self, after: Position) -> Page:
        """Return the events of all clients after a position. Raises Unavailable."""
        with self._reading:
            return self._refresh().page(after, None, KEPT)

    def present(self) -> Position:
        """Return the present position; everything up to it is applied. Raises Unavailable."""
        with self._reading:
            return self._refresh().position

    def _refresh(self) -> RecentEntries:
        while True:
            recent = self._recent
            news = self._ask(recent.number if recent else 0)
            # A secret that was rotated, or a client that was removed, before this question counts in its
            # answer.
            self._clients.catch_up(news.version)
            if recent is None or news.lineage != recent.lineage or news.head > recent.number + KEPT:
                self._recent = self._begin(news)
            elif not _is_continued(recent, news):
                # Events sent since then can't be recalled, and nobody knows which of them this store has
                # forgotten.
                raise Unavailable(detail=f"sql: an older copy was restored: {recent.number} is another entry")
            else:
                self._add_rows(recent, [row for row in news.rows if row["number"] > recent.number])
                if len(news.rows) < PAGE:
                    return recent

    def _begin(self, news: _News) -> RecentEntries:
        """Begin with the latest entries. Older ones are sent to nobody, but positions behind them are."""
        low, after = max(news.head - AT_THE_START, 0), 0
        while True:
            with self._database.read() as connection:
                rows = connection.execute(_UNAPPLIED, {"after": after, "last": low}).mappings().all()
            entries = [read_entry(row) for row in rows]
            self._apply(entries, entries)
            if len(rows) < PAGE:
                return RecentEntries(news.lineage, low)
            after = entries[-1].number

    def _ask(self, last: int) -> _News:
        with self._database.read() as connection:
            rows = connection.execute(_NEWS, {"last": last}).mappings().all()
        first = rows[0]
        if first["set_back"] is not None:
            # A lost entry, although acknowledged, would look as if it had never happened.
            raise Unavailable(detail="sql: an older copy was restored; run sso-center doctor --restore")
        found = rows if first["number"] is not None else ()
        return _News(first["lineage"], int(first["version"] or 0), first["head"] or 0, found)

    def _add_rows(self, recent: RecentEntries, rows: Sequence[RowMapping]) -> None:
        if not rows:
            return
        entries = [read_entry(row) for row in rows]
        unapplied = [entry for row, entry in zip(rows, entries, strict=True) if not row["is_applied"]]
        self._apply(unapplied, entries)
        events = [
            FeedEvent(
                entry.number, audience_of(entry, self._clients.apis_of), self._describe(recent.lineage, entry)
            )
            for entry in entries
            if entry.kind in KINDS
        ]
        recent.add(events, rows[-1]["number"], rows[-1]["id"])

    def _apply(self, unapplied: Sequence[Entry], all_of_them: Sequence[Entry]) -> None:
        """Apply entries before their events or positions are sent: a client that then asks gets the truth.

        Redis may not know yet of a changed user or of a client that left. Everything else counted there
        before it was recorded, but a Redis that died in between may have lost it (docs/model.md).
        `all_of_them` are the entries among which the unapplied stand.
        """
        # Together: a large cut-off job records thousands faster than they could be applied one by one.
        self._applier.end_all([entry for entry in unapplied if entry.kind == "ending"])
        for entry in unapplied:
            if entry.kind == "user":
                later = [one for one in all_of_them if one.number > entry.number]
                apply_user_change(self._users, self._applier, entry, later)
            elif entry.kind != "ending":
                self._applier.apply(entry)


def _is_continued(recent: RecentEntries, news: _News) -> bool:
    """Say whether the last known entry is still the same in SQL."""
    if not recent.id:
        return news.head >= recent.number
    return bool(news.rows) and news.rows[0]["id"] == recent.id
