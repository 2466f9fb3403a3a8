"""The feed of endings: what each client is to be told of the journal, certain as of the moment of asking.

One SQL query a question does both: it says up to where the journal goes, so that whatever was acknowledged
before is in the answer, and it brings what is new. Everything else comes from memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import RowMapping, ScalarSelect, bindparam, func, select

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Clients
from sso_center.core.feed.audience import KINDS, audience_of
from sso_center.core.feed.recent_entries import KEPT, FeedEvent, Page, Position, RecentEntries
from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import SET_BACK, Entry, read_entry
from sso_center.core.journal.user_changes import apply_user_change
from sso_center.core.users import Users
from sso_center.storage.schema import journal, meta
from sso_center.storage.sql import Database

AT_THE_START = 2_000
"""How many of the latest entries a process reads that has none yet."""

PAGE = 1_000

Describe = Callable[[str, Entry], bytes]
"""Returns what is said of an entry of a lineage."""


def _said(key: str) -> ScalarSelect[str]:
    """Select what the store says of itself under a key."""
    other = meta.alias()
    return select(other.c.value).where(other.c.key == key).scalar_subquery()


_NEWS = (
    select(
        meta.c.value.label("lineage"),
        _said("config_version").label("version"),
        _said(SET_BACK).label("set_back"),
        select(func.max(journal.c.number)).scalar_subquery().label("head"),
        journal,
    )
    .select_from(meta.outerjoin(journal, journal.c.number >= bindparam("last")))
    .where(meta.c.key == "lineage")
    .order_by(journal.c.number)
    .limit(PAGE)
)
"""What the journal has from `last` on, that entry included; and what the whole store says of itself."""

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
    """What one query has found: the rows begin with the one that was known already, if it is still there."""

    lineage: str
    version: int
    head: int
    rows: Sequence[RowMapping]


class Feed:
    """The feed of one process. `describe` makes the words in which an entry is told. Thread-safe."""

    def __init__(
        self, database: Database, clients: Clients, users: Users, applier: EntryApplier, describe: Describe
    ) -> None:
        self._database = database
        self._clients = clients
        self._users = users
        self._applier = applier
        self._describe = describe
        self._latest: RecentEntries | None = None
        self._reading = Lock()

    def since(self, client_id: str, after: Position | None) -> Page:
        """Return what a client is told behind `after`; without it, only where the journal is now.

        All that was acknowledged before the call lies at or before the page's position. Raises Unavailable.
        """
        with self._reading:
            return self._read_on().page(after, client_id)

    def news(self, after: Position) -> Page:
        """Return what whoever is told behind `after`. Raises Unavailable."""
        with self._reading:
            return self._read_on().page(after, None, KEPT)

    def present(self) -> Position:
        """Return where the journal is now; all up to there is applied. Raises Unavailable."""
        with self._reading:
            return self._read_on().position

    def _read_on(self) -> RecentEntries:
        while True:
            latest = self._latest
            news = self._ask(latest.number if latest else 0)
            # Who rotated a secret or removed a client before the question has its answer by the new rules.
            self._clients.catch_up(news.version)
            if latest is None or news.lineage != latest.lineage or news.head > latest.number + KEPT:
                self._latest = self._begin(news)
            elif not _goes_on(latest, news):
                # Nothing that was told since can be taken back, and nobody knows what of it is forgotten now.
                raise Unavailable(detail=f"sql: an older copy was restored: {latest.number} is another entry")
            else:
                self._take_in(latest, [row for row in news.rows if row["number"] > latest.number])
                if len(news.rows) < PAGE:
                    return latest

    def _begin(self, news: _News) -> RecentEntries:
        """Begin with the latest entries; what came before is told to nobody, but positions behind it are."""
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
            # What was acknowledged before and is lost would look like what never happened.
            raise Unavailable(detail="sql: an older copy was restored; run sso-center doctor --restore")
        found = rows if first["number"] is not None else ()
        return _News(first["lineage"], int(first["version"] or 0), first["head"] or 0, found)

    def _take_in(self, latest: RecentEntries, rows: Sequence[RowMapping]) -> None:
        if not rows:
            return
        entries = [read_entry(row) for row in rows]
        unapplied = [entry for row, entry in zip(rows, entries, strict=True) if not row["is_applied"]]
        self._apply(unapplied, entries)
        told = [
            FeedEvent(
                entry.number, audience_of(entry, self._clients.apis_of), self._describe(latest.lineage, entry)
            )
            for entry in entries
            if entry.kind in KINDS
        ]
        latest.add(told, rows[-1]["number"], rows[-1]["id"])

    def _event(self, lineage: str, entry: Entry) -> FeedEvent:
        clients = audience_of(entry, self._clients.apis_of)
        return FeedEvent(entry.number, clients, self._describe(lineage, entry))

    def _apply(self, unapplied: Sequence[Entry], all_of_them: Sequence[Entry]) -> None:
        """See that who hears of an entry, or of a position behind it, and then asks is told the truth.

        Of a changed user or a site that was left Redis may know nothing yet. All else counted there before it
        was recorded, but a Redis that died in between may have lost that: docs/model.md. `all_of_them` are
        the entries among which the unapplied stand.
        """
        # Together: a large walk records thousands faster than they could be applied one by one.
        self._applier.end_all([entry for entry in unapplied if entry.kind == "ending"])
        for entry in unapplied:
            if entry.kind == "user":
                later = [one for one in all_of_them if one.number > entry.number]
                apply_user_change(self._users, self._applier, entry, later)
            elif entry.kind != "ending":
                self._applier.apply(entry)


def _goes_on(latest: RecentEntries, news: _News) -> bool:
    """Say whether the entry that was read last is still what it was."""
    if not latest.id:
        return news.head >= latest.number
    return bool(news.rows) and news.rows[0]["id"] == latest.id
