"""The jobs that follow cut-offs, stored in SQL, so that a crash leaves no job unfinished."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select, update

from sso_center.base.secrets import SHARDS
from sso_center.storage.schema import meta
from sso_center.storage.sql import Database

_KEY = "walk:"

FINISHED_KEPT = 3_600_000
"""Milliseconds that a finished job stays visible."""


@dataclass(frozen=True)
class CutoffJob:
    """How far the job of one cut-off is. Instants are in milliseconds.

    `number` is the cut-off's number in the journal, `shards` how many shards are done, `ended` how many
    sessions the job ended (a client's cut-off: how many sessions the client left).
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
        """Say whether the job has ended everything that the cut-off voided."""
        return self.finished_at > 0

    @property
    def percent(self) -> int:
        """The part of the shards that is done."""
        return 100 if self.is_finished else self.shards * 100 // SHARDS


class CutoffJobs:
    """The jobs in SQL. Every method raises Unavailable when SQL is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[CutoffJob]:
        """Return the jobs under way and the recently finished ones, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(meta).where(meta.c.key.startswith(_KEY, autoescape=True)))
            return sorted((CutoffJob(**json.loads(row.value)) for row in rows), key=lambda job: job.number)

    def under_way(self) -> list[CutoffJob]:
        """Return the unfinished jobs, the oldest first."""
        return [job for job in self.all() if not job.is_finished]

    def find(self, number: int) -> CutoffJob | None:
        """Return the job of one cut-off, None when it finished some time ago."""
        with self._database.read() as connection:
            found = connection.scalar(select(meta.c.value).where(meta.c.key == f"{_KEY}{number}"))
        return CutoffJob(**json.loads(found)) if found else None

    def note(self, job: CutoffJob, now: int) -> None:
        """Store how far a job is, and forget jobs that finished long ago."""
        with self._database.write() as connection:
            connection.execute(
                update(meta).where(meta.c.key == f"{_KEY}{job.number}").values(value=_json(job))
            )
            if job.is_finished:
                _forget_finished(connection, before=now - FINISHED_KEPT)


def open_job(connection: Connection, job: CutoffJob) -> None:
    """Open a job inside the transaction that records its cut-off."""
    connection.execute(insert(meta).values(key=f"{_KEY}{job.number}", value=_json(job)))


def _forget_finished(connection: Connection, *, before: int) -> None:
    for row in connection.execute(select(meta).where(meta.c.key.startswith(_KEY, autoescape=True))).all():
        if 0 < json.loads(row.value)["finished_at"] < before:
            connection.execute(delete(meta).where(meta.c.key == row.key))


def _json(job: CutoffJob) -> str:
    return json.dumps(asdict(job), separators=(",", ":"))
