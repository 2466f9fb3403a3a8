"""SQLite as the durable store: write-ahead log, every commit on disk before it is acknowledged."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from sso_center.base.errors import SettingsError
from sso_center.storage.limits import POOL, Limits


def open_sqlite(url: URL, limits: Limits) -> Engine:
    """Return an engine on a file; the execution option `sqlite_begin` says how a transaction begins."""
    file = Path(str(url.database)).absolute()
    engine = create_engine(
        url,
        pool_size=POOL,
        connect_args={"timeout": limits.lock / 1000, "isolation_level": None, "cached_statements": 256},
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: Any) -> None:
        _make_private_file(file)

    @event.listens_for(engine, "connect")
    def set_pragmas(raw: Any, _: Any) -> None:
        _use_wal(raw, limits.lock)
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine


def _make_private_file(file: Path) -> None:
    """Create the database readable by us alone; its journals take its mode."""
    if file.exists():
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as failed:
        raise SettingsError(f"The database {str(file)!r} can't be made: {failed.strerror}") from failed


def _use_wal(raw: Any, busy_timeout: int) -> None:
    # The change of the journal mode is the one statement that does not wait for its lock by itself.
    deadline = time.monotonic() + busy_timeout / 1000
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
