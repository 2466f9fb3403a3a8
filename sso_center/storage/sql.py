"""The durable store: transactions on SQLite or PostgreSQL, and the lock that orders the journal."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, text
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
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.base.settings import Settings
from sso_center.storage.limits import DEFAULT, Limits
from sso_center.storage.postgresql import open_postgresql
from sso_center.storage.sqlite import open_sqlite

JOURNAL_LOCK = 0x53534F01
"""The advisory lock under which the journal's numbers are drawn."""

ESCAPE = "/"
"""The character by which LIKE takes the next one literally."""

_SQLITE_READ: dict[str, Any] = {}
_SQLITE_WRITE: dict[str, Any] = {"sqlite_begin": "BEGIN IMMEDIATE"}
_POSTGRESQL_READ: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class Database:
    """One database. Thread-safe; after a fork each process has its own connections.

    `read` and `write` raise Unavailable when the store is away, busy beyond its timeouts or broken;
    SQLAlchemy's IntegrityError passes through, since only the caller knows its meaning.
    """

    def __init__(self, url: URL, limits: Limits = DEFAULT) -> None:
        self.url = url
        self._limits = limits
        self._engine: Engine | None = None
        self._pid = 0
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file rather than a server."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading, on one consistent snapshot of the data."""
        with _translated(), self.engine.connect() as connection:
            yield connection.execution_options(**(_SQLITE_READ if self.is_sqlite else _POSTGRESQL_READ))

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection for one transaction, which commits when the block ends without an error.

        When the commit itself raises Unavailable, it may or may not have happened: make the write harmless to
        repeat.
        """
        with _translated(), self.engine.connect() as connection:
            writer = connection.execution_options(**(_SQLITE_WRITE if self.is_sqlite else {}))
            with writer.begin():
                yield writer

    @staticmethod
    def lock_journal(connection: Connection) -> None:
        """Lock the journal until the transaction ends, so that its numbers follow the order of commits.

        Otherwise a reader could see 8 before 7 is committed, and pass 7 by. On SQLite `write` locks the whole
        database anyway.
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
                    self._engine, self._pid = open_engine(self.url, self._limits), os.getpid()
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
    except (ArgumentError, ValueError) as bad:
        raise SettingsError("SSO_DATABASE_URL is set but can't be read as an address") from bad
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if not url.database or url.database == ":memory:":
        raise SettingsError("SSO_DATABASE_URL is set but should name a file: sqlite:////path/to/file")
    return url


def open_engine(url: URL, limits: Limits) -> Engine:
    """Return an engine with the center's pragmas and timeouts."""
    return open_sqlite(url, limits) if url.get_backend_name() == "sqlite" else open_postgresql(url, limits)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as failed:
        if is_outage(failed):
            cause = failed.orig if isinstance(failed, DBAPIError) else failed
            raise Unavailable(detail=f"sql: {cause}") from failed
        raise


def escaped(text: str) -> str:
    """Return a text escaped for LIKE with ESCAPE."""
    return text.replace(ESCAPE, ESCAPE * 2).replace("%", f"{ESCAPE}%").replace("_", f"{ESCAPE}_")


def is_outage(failed: SQLAlchemyError) -> bool:
    """Say whether an error may pass by itself, unlike a constraint or a wrong statement."""
    if isinstance(failed, PoolTimeoutError | DisconnectionError):
        return True
    if not isinstance(failed, DBAPIError):
        return False
    if isinstance(failed.orig, sqlite3.Error):
        return _is_outage_of_file(failed.orig)
    return (
        isinstance(failed, OperationalError | InternalError | InterfaceError) or failed.connection_invalidated
    )


def _is_outage_of_file(failed: sqlite3.Error) -> bool:
    # SQLite has one class for a locked file, a full disk and a wrong statement; the codes differ.
    code = getattr(failed, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code not in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)
