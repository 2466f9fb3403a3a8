"""Transactions on SQLite and on PostgreSQL."""

import multiprocessing
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.base.settings import load_settings
from sso_center.storage.limits import DEFAULT, Limits
from sso_center.storage.migrate import migrate
from sso_center.storage.schema import journal, leases
from sso_center.storage.sql import Database, open_database
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer
from tests.storage.hot import together, works

SERVER = pytest.param("postgresql", marks=pytest.mark.needs_postgresql)


@pytest.fixture(params=["sqlite", SERVER])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables, of each kind in turn."""
    if request.param == "sqlite":
        settings = {"SSO_DATA_DIR": str(tmp_path)}
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        settings = {"SSO_DATABASE_URL": server.new_database()}
    opened = open_database(load_settings(settings))
    migrate(opened.url)
    yield opened
    opened.close()


def put(connection: Connection, name: str) -> None:
    connection.execute(insert(leases).values(name=name, holder="h", until=1))


def put_all(database: Database, *names: Callable[[], str]) -> None:
    with database.write() as connection:
        for name in names:
            put(connection, name())


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(leases)).scalar_one()


def append(database: Database, name: str) -> int:
    """Do what the journal's owner does: draw the next number under the lock."""
    with database.write() as connection:
        database.lock_journal(connection)
        number = connection.execute(select(func.coalesce(func.max(journal.c.number), 0) + 1)).scalar_one()
        row = {"number": number, "id": name, "kind": "test", "at": 1, "is_applied": False}
        connection.execute(insert(journal).values(row))
        return int(number)


def test_a_block_commits_when_it_ends_and_not_when_it_fails(database: Database) -> None:
    with database.write() as connection:
        put(connection, "kept")
    with pytest.raises(ZeroDivisionError):
        put_all(database, lambda: "lost", lambda: str(1 // 0))
    assert count(database) == 1


def test_a_broken_constraint_is_the_callers_to_judge(database: Database) -> None:
    with pytest.raises(IntegrityError):
        put_all(database, lambda: "twice", lambda: "twice")
    assert count(database) == 0


def test_a_mistake_of_ours_is_not_taken_for_an_outage(database: Database) -> None:
    with pytest.raises(DBAPIError, match="nonsense"), database.read() as connection:
        connection.execute(text("SELECT nonsense FROM leases"))


def test_one_read_block_sees_one_snapshot(database: Database) -> None:
    with database.read() as reading:
        before = reading.execute(select(func.count()).select_from(leases)).scalar_one()
        with database.write() as writing:
            put(writing, "meanwhile")
        assert reading.execute(select(func.count()).select_from(leases)).scalar_one() == before


def test_concurrent_writers_all_get_their_turn(database: Database) -> None:
    def work(number: int) -> None:
        for n in range(10):
            with database.write() as connection:
                put(connection, f"{number}-{n}")

    assert together(8, work) == [None] * 8
    assert count(database) == 80


def test_numbers_of_the_journal_have_no_gap_and_no_double_under_concurrency(database: Database) -> None:
    drawn = together(8, lambda number: [append(database, f"{number}-{n}") for n in range(10)])
    assert sorted(number for numbers in drawn if isinstance(numbers, list) for number in numbers) == list(
        range(1, 81)
    )


def test_no_reader_of_the_journal_ever_passes_a_number_that_comes_late(database: Database) -> None:
    stop = threading.Event()
    gaps: list[list[int]] = []

    def look() -> None:
        while not stop.is_set():
            with database.read() as connection:
                seen = list(connection.execute(select(journal.c.number).order_by(journal.c.number)).scalars())
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)

    reader = threading.Thread(target=look)
    reader.start()
    together(6, lambda number: [append(database, f"{number}-{n}") for n in range(15)])
    stop.set()
    reader.join()
    assert gaps == []


def test_a_writer_waits_its_time_for_another_and_is_then_unavailable(
    database: Database,
) -> None:
    impatient = Database(database.url, Limits(lock=200))
    with database.write() as holding:
        database.lock_journal(holding)
        with pytest.raises(Unavailable):
            append(impatient, "too long")
    assert append(impatient, "at last") == 1
    impatient.close()


def test_a_forked_child_has_connections_of_its_own(database: Database) -> None:
    assert count(database) == 0
    child = multiprocessing.get_context("fork").Process(target=_put_some, args=(database, "child"))
    child.start()
    _put_some(database, "parent")
    child.join()
    assert child.exitcode == 0
    assert count(database) == 40


def _put_some(database: Database, name: str) -> None:
    for n in range(20):
        with database.write() as connection:
            put(connection, f"{name}-{n}")


def test_a_database_that_answers_passes_the_check(database: Database) -> None:
    database.check()


# SQLite


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database."""
    opened = open_database(load_settings({"SSO_DATA_DIR": str(tmp_path / "data")}))
    migrate(opened.url)
    yield opened
    opened.close()


def test_the_file_is_private_and_an_acknowledged_write_is_on_disk(file: Database, tmp_path: Path) -> None:
    with file.write() as connection:
        put(connection, "x")
        pragmas = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
        assert pragmas == ["wal", 2, 1, DEFAULT.lock]
        for part in ("center.db", "center.db-wal", "center.db-shm"):
            assert stat.S_IMODE((tmp_path / "data" / part).stat().st_mode) == 0o600


def test_processes_that_open_a_new_file_at_once_all_can(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path / 'new.db'}")
    databases = [Database(url) for _ in range(8)]
    assert together(8, lambda n: databases[n].check()) == [None] * 8
    for database in databases:
        database.close()


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "center.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable, match="briefly") as refused:
        open_database(load_settings({"SSO_DATA_DIR": str(tmp_path)})).check()
    assert "not a database" in refused.value.detail


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"center\.db"):
        open_database(load_settings({"SSO_DATA_DIR": str(tmp_path / "file")})).check()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://host:port/name"])
def test_an_address_that_can_not_be_meant_is_named_at_once(url: str) -> None:
    with pytest.raises(SettingsError, match="SSO_DATABASE_URL"):
        open_database(load_settings({"SSO_DATABASE_URL": url}))


# PostgreSQL


@pytest.fixture
def mortal() -> Iterator[PostgresServer]:
    """A PostgreSQL that a test may treat as it likes."""
    with PostgresServer() as server:
        yield server


def migrated(server: PostgresServer) -> Database:
    database = open_database(load_settings({"SSO_DATABASE_URL": server.new_database()}))
    migrate(database.url)
    return database


@pytest.mark.needs_postgresql
def test_a_server_that_went_is_unavailable_and_used_again_within_two_seconds_of_its_return(
    mortal: PostgresServer,
) -> None:
    database = migrated(mortal)
    together(5, lambda _: count(database))
    mortal.kill()
    for _ in range(10):
        with pytest.raises(Unavailable):
            count(database)
    mortal.start()
    assert eventually(lambda: works(lambda: count(database)))
    database.close()


@pytest.mark.needs_postgresql
def test_connections_that_a_restart_closed_are_replaced_unnoticed(mortal: PostgresServer) -> None:
    database = migrated(mortal)
    together(5, lambda _: count(database))
    mortal.kill()
    mortal.start()
    assert together(5, lambda _: count(database)) == [0] * 5
    database.close()


@pytest.mark.needs_postgresql
def test_a_transaction_whose_connection_broke_is_unavailable_and_undone(mortal: PostgresServer) -> None:
    database = migrated(mortal)

    def crash() -> str:
        mortal.kill()
        return "never"

    with pytest.raises(Unavailable):
        put_all(database, lambda: "lost", crash)
    mortal.start()
    assert eventually(lambda: works(lambda: count(database)))
    assert count(database) == 0
    database.close()


@pytest.mark.needs_postgresql
def test_a_read_transaction_can_not_write(postgres: PostgresServer) -> None:
    database = migrated(postgres)
    with pytest.raises(Unavailable, match="briefly"), database.read() as connection:
        put(connection, "x")
    with database.write() as connection:  # the connection is not left as it was
        put(connection, "x")
    database.close()


@pytest.mark.needs_postgresql
def test_the_server_ends_what_takes_too_long(postgres: PostgresServer) -> None:
    url = make_url(postgres.new_database()).set(drivername="postgresql+psycopg")
    database = Database(url, Limits(statement=100, idle=100))
    with pytest.raises(Unavailable), database.read() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    with pytest.raises(Unavailable):
        _idle_within(database, lambda: eventually(lambda: _sessions(postgres, str(url.database)) == 0))
    database.close()


def _idle_within(database: Database, idle: Callable[[], object]) -> None:
    with database.write() as connection:
        connection.execute(text("SELECT 1"))
        idle()
        connection.execute(text("SELECT 1"))


def _sessions(server: PostgresServer, name: str) -> int:
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
    with server.connect() as connection:
        return int(connection.execute(question, (name,)).fetchone()[0])  # type: ignore[index]


@pytest.mark.needs_postgresql
def test_a_host_that_is_not_there_is_unavailable() -> None:
    settings = load_settings({"SSO_DATABASE_URL": "postgresql://center@127.0.0.1:1/center"})
    with pytest.raises(Unavailable):
        open_database(settings).check()
