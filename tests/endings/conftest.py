"""The core in this very process, and what is recorded of its endings."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Row, Table, delete, select, update

from sso_center.core.clients import Client
from sso_center.core.cutoffs import CutoffJobRunner
from sso_center.core.journal import JournalFollower
from sso_center.core.leases import Leases
from sso_center.core.users import User
from sso_center.storage.schema import audit, breakers, journal, notices
from tests.harness.core import Core, core_in


@dataclass(frozen=True)
class Books:
    """What SQL holds of a core's endings."""

    core: Core

    def journal(self, **where: object) -> Sequence[Row[Any]]:
        """Return entries in order."""
        return self._rows(journal, "number", where)

    def notices(self, **where: object) -> Sequence[Row[Any]]:
        """Return notices in order."""
        return self._rows(notices, "id", where)

    def audit(self, **where: object) -> Sequence[Row[Any]]:
        """Return audit entries in order."""
        return self._rows(audit, "id", where)

    def told(self, **where: object) -> list[str]:
        """Return which clients have notices."""
        return sorted(row.client_id for row in self.notices(**where))

    def close_notices(self) -> None:
        """See that no notice of an earlier test ever becomes due."""
        with self.core.services.database.write() as connection:
            connection.execute(update(notices).values(state="confirmed"))
            connection.execute(delete(breakers))

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody write to SQL while the block runs."""
        file = self.core.services.settings.data_dir / "center.db"
        connection = sqlite3.connect(file, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def _rows(self, table: Table, order: str, where: dict[str, object]) -> Sequence[Row[Any]]:
        chosen = select(table).order_by(table.c[order])
        for name, value in where.items():
            chosen = chosen.where(table.c[name] == value)
        with self.core.services.database.read() as connection:
            return connection.execute(chosen).all()


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core that the tests of one file share; its time only moves forward."""
    with core_in(tmp_path_factory.mktemp("core")) as core:
        yield core


@pytest.fixture(scope="module")
def books(core: Core) -> Books:
    return Books(core)


@pytest.fixture(scope="module")
def shop(core: Core) -> Client:
    """A site that takes notices."""
    return core.site(backchannel_logout_uri="https://shop.example/logout")


@pytest.fixture(scope="module")
def forum(core: Core) -> Client:
    """Another site that takes notices."""
    return core.site(backchannel_logout_uri="https://forum.example/logout")


@pytest.fixture(scope="module")
def mute(core: Core) -> Client:
    """A site that takes none."""
    return core.site()


@dataclass(frozen=True)
class Held:
    """A session and its cookie."""

    user: User
    sid: str
    cookie: str
    chain_id: str


def job_runner_of(core: Core, name: str = "courier") -> CutoffJobRunner:
    """Return what a courier of that name does its walks with."""
    services = core.services
    leases = Leases(services.database, name, services.clock)
    return CutoffJobRunner(
        services.cutoff_jobs, services.entries, services.cutoff_enforcer, leases, services.clock
    )


def follow(core: Core) -> int:
    """Follow the journal to its end as a courier does, and return how many entries that were."""
    services = core.services
    follower = JournalFollower(
        services.entries, services.applier, services.users, services.mass_endings.enforce
    )
    return sum(iter(follower.follow, 0))


def sign_in(core: Core, *clients: Client, user: User | None = None) -> Held:
    """Sign somebody in, a new person when none is given, and let the clients join the session."""
    user = user or core.person()
    opened = core.open(user)
    for client in clients:
        core.code(opened.cookie, client)
    return Held(user, opened.session.sid, opened.cookie, opened.session.chain_id)
