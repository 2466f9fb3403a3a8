"""The walks that follow cut-offs, kept in SQL beside the journal: whoever dies leaves none unfinished."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select, update

from sso_center.base.secrets import SHARDS
from sso_center.storage.schema import meta
from sso_center.storage.sql import Database

_KEY = "walk:"

FINISHED_KEPT = 3_600_000
"""Milliseconds that a finished walk can still be looked at."""


@dataclass(frozen=True)
class CutoffJob:
    """How far the sessions of one cut-off have been gone through. Instants are in milliseconds.

    `number` is the cut-off's place in the journal, `shards` how many are done, `ended` how many sessions
    were ended (for a client: were left by it).
    """

    number: int
    scope: str
    name: str
    began_at: int
    shards: int = 0
    ended: int = 0
    finished_at: int = 0

    @property
    def is_finished(self) -> bool:
        """Say whether everything the cut-off voided is ended."""
        return self.finished_at > 0

    @property
    def percent(self) -> int:
        """How much of the store is gone through."""
        return 100 if self.is_finished else self.shards * 100 // SHARDS


class CutoffJobs:
    """Every method raises Unavailable when SQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[CutoffJob]:
        """Return the walks under way and those that finished a moment ago, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(meta).where(meta.c.key.startswith(_KEY, autoescape=True)))
            return sorted((CutoffJob(**json.loads(row.value)) for row in rows), key=lambda walk: walk.number)

    def under_way(self) -> list[CutoffJob]:
        """Return those that are not finished, the oldest first."""
        return [walk for walk in self.all() if not walk.is_finished]

    def find(self, number: int) -> CutoffJob | None:
        """Return the walk of one cut-off; None when it finished some time ago."""
        with self._database.read() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.key == f"{_KEY}{number}"))
        return CutoffJob(**json.loads(found)) if found else None

    def note(self, walk: CutoffJob, now: int) -> None:
        """Keep how far a walk is. What finished long before is forgotten with it."""
        with self._database.write() as connection:
            connection.execute(
                update(meta).where(meta.c.key == f"{_KEY}{walk.number}").values(value=_json(walk))
            )
            if walk.is_finished:
                _forget_finished(connection, before=now - FINISHED_KEPT)


def open_job(connection: Connection, walk: CutoffJob) -> None:
    """Note within the transaction that records a cut-off that its sessions have to be gone through."""
    connection.execute(insert(meta).values(key=f"{_KEY}{walk.number}", value=_json(walk)))


def _forget_finished(connection: Connection, *, before: int) -> None:
    for row in connection.execute(select(meta).where(meta.c.key.startswith(_KEY, autoescape=True))).all():
        if 0 < json.loads(row.value)["finished_at"] < before:
            connection.execute(delete(meta).where(meta.c.key == row.key))


def _json(walk: CutoffJob) -> str:
    return json.dumps(asdict(walk), separators=(",", ":"))
