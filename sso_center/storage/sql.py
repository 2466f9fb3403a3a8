"""The durable store: transactions on SQLite or PostgreSQL, and the lock that orders the journal."""

import contextlib
import os
import select
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import DatabaseError as AnyDatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.base.settings import Settings

LOCK_TIMEOUT = 2000
"""Milliseconds that a transaction waits for another's lock."""

STATEMENT_TIMEOUT = 5000
IDLE_TIMEOUT = 10_000
CONNECT_TIMEOUT = 2
"""Seconds."""

REST_AFTER_FAILURE = 0.5
"""Seconds in which a server that could not be reached is not tried again: others need not wait too."""

POOL = 8
JOURNAL_LOCK = 0x53534F01
"""The advisory lock under which the journal's numbers are drawn."""

# What may pass by itself; a constraint, a wrong statement or a wrong value does not.
_PASSING = (OperationalError, InternalError, InterfaceError)


class Database:
    """One database. Threads may share it, and after a fork each process has its own connections.

    `read` and `write` raise Unavailable when the store is away, busy beyond its timeouts or broken;
    SQLAlchemy's IntegrityError passes through, since its meaning is the caller's.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self._engine: Engine | None = None
        self._pid = 0
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file rather than a server."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading, in one transaction, so that what is read fits together."""
        with _translated(), self.engine.connect() as plain:
            connection = plain if self.is_sqlite else plain.execution_options(postgresql_readonly=True)
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection for one transaction, which commits when the block ends without an error.

        When the commit itself fails with Unavailable it may or may not have happened: make what is
        written harmless to repeat.
        """
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(sqlite_begin="BEGIN IMMEDIATE") if self.is_sqlite else plain
            with connection.begin():
                yield connection

    @staticmethod
    def lock_journal(connection: Connection) -> None:
        """Hold the journal until the transaction ends, so that its numbers follow the order of commits.

        Otherwise a reader could see 8 before 7 is committed, and pass 7 by. On SQLite `write` has
        the whole database already.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": JOURNAL_LOCK})

    def check(self) -> None:
        """Return when the database answers. Raises Unavailable."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    @property
    def engine(self) -> Engine:
        """The engine of this process, made at first use."""
        if self._engine is None or self._pid != os.getpid():
            with self._lock:
                if self._engine is not None and self._pid != os.getpid():
                    self._engine.dispose(close=False)  # the connections are the parent's
                    self._engine = None
                if self._engine is None:
                    self._engine, self._pid = open_engine(self.url), os.getpid()
        return self._engine

    def close(self) -> None:
        """Close all idle connections."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name; it is only connected to at the first use.

    Raises SettingsError for an address that can't be used or a data folder that can't be written.
    """
    return Database(database_url(settings))


def database_url(settings: Settings) -> URL:
    """Return the database's address: the settings', or the SQLite file in the data folder."""
    if not settings.database_url:
        return URL.create("sqlite", database=str(settings.data_dir / "center.db"))
    try:
        url = make_url(settings.database_url)
    except ArgumentError as bad:
        raise SettingsError("SSO_DATABASE_URL is set but can't be read as an address") from bad
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if not url.database or url.database == ":memory:":
        raise SettingsError("SSO_DATABASE_URL is set but should name a file: sqlite:////path/to/file")
    return url


def open_engine(url: URL, *, is_patient: bool = False) -> Engine:
    """Return an engine with the center's pragmas and timeouts; a patient one, for migrations, waits."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, 60_000 if is_patient else LOCK_TIMEOUT)
    return _open_postgresql(url, is_patient=is_patient)


# -- SQLite


def _open_sqlite(url: URL, busy_timeout: int) -> Engine:
    file = Path(str(url.database)).absolute()
    engine = create_engine(
        url,
        pool_size=POOL,
        connect_args={"timeout": busy_timeout / 1000, "isolation_level": None, "cached_statements": 256},
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: Any) -> None:
        _make_private_file(file)

    @event.listens_for(engine, "connect")
    def set_pragmas(raw: Any, _: Any) -> None:
        _use_wal(raw, busy_timeout)
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


def _make_private_file(file: Path) -> None:
    """Make the database for our own eyes; its journals take its mode."""
    if file.exists():
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as failed:
        raise SettingsError(f"The database {str(file)!r} can't be made: {failed.strerror}") from failed


def _use_wal(raw: Any, busy_timeout: int) -> None:
    # The one change of the file's mode does not wait for its lock by itself.
    deadline = time.monotonic() + busy_timeout / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


# -- PostgreSQL


def _open_postgresql(url: URL, *, is_patient: bool) -> Engine:
    engine = create_engine(url, pool_size=POOL, pool_timeout=LOCK_TIMEOUT / 1000)
    limits = {
        "lock_timeout": 60_000 if is_patient else LOCK_TIMEOUT,
        "statement_timeout": 0 if is_patient else STATEMENT_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
    }
    rest = _Rest()

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: Any, args: Any, options: dict[str, Any]) -> Any:
        options.setdefault("connect_timeout", CONNECT_TIMEOUT)
        # A server that vanished without a word is noticed within seconds.
        options.setdefault("keepalives_idle", 5)
        options.setdefault("keepalives_interval", 2)
        options.setdefault("keepalives_count", 2)
        options.setdefault("tcp_user_timeout", STATEMENT_TIMEOUT)
        own = " ".join(f"-c {name}={value}" for name, value in limits.items())
        options["options"] = f"{options.get('options', '')} {own}".strip()
        return rest.around(dialect, args, options)

    @event.listens_for(engine, "checkout")
    def refuse_dead(raw: Any, *_: Any) -> None:
        # Cheaper than a question before each use: a server that went has closed its end.
        if _is_closed(raw.pgconn):
            raise DisconnectionError

    return engine


class _Rest:
    """Remembers that the server could not be reached a moment ago."""

    def __init__(self) -> None:
        self._until = 0.0

    def around(self, dialect: Any, args: Any, options: dict[str, Any]) -> Any:
        """Connect, or fail at once while resting."""
        if time.monotonic() < self._until:
            raise dialect.loaded_dbapi.OperationalError("was away a moment ago")
        try:
            return dialect.connect(*args, **options)
        except dialect.loaded_dbapi.OperationalError:
            self._until = time.monotonic() + REST_AFTER_FAILURE
            raise


def _is_closed(pgconn: Any) -> bool:
    try:
        poller = select.poll()
        poller.register(pgconn.socket, select.POLLIN)
        if poller.poll(0):
            pgconn.consume_input()
        return bool(pgconn.status != 0)
    except Exception as failed:
        raise DisconnectionError from failed


# -- errors


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (PoolTimeoutError, DisconnectionError) as failed:
        raise Unavailable(detail=f"sql: {failed}") from failed
    except DBAPIError as failed:
        _raise_meaning(failed)


def _raise_meaning(failed: DBAPIError) -> NoReturn:
    is_broken_file = type(failed) is AnyDatabaseError
    if isinstance(failed, _PASSING) or is_broken_file or failed.connection_invalidated:
        raise Unavailable(detail=f"sql: {failed.orig}") from failed
    raise failed


def is_unreachable(failed: SQLAlchemyError) -> bool:
    """Say whether an error of SQLAlchemy means that the store is away."""
    return isinstance(failed, (*_PASSING, PoolTimeoutError, DisconnectionError))
