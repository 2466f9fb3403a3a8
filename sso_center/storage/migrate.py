"""Brings the tables up to date: `ensure_schema` anywhere, `migrate` in a process of its own.

Alembic and what it imports cost a process some 12 MB for good, so only a short-lived child loads it,
and only when the tables are not up to date.
"""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from sso_center.base.errors import SettingsError, SSOError, Unavailable
from sso_center.base.settings import Settings, load_settings
from sso_center.storage.limits import PATIENT
from sso_center.storage.schema import REVISION
from sso_center.storage.sql import Database, database_url, is_outage, open_database, open_engine

MIGRATION_LOCK = 0x53534F02
MIGRATION_LIMIT = 600
"""Seconds."""


def prepare_database(settings: Settings) -> None:
    """Bring the tables of the settings' database up to date. Raises what `ensure_schema` raises."""
    database = open_database(settings)
    try:
        ensure_schema(database)
    finally:
        # No connection may be shared across a fork.
        database.close()


def ensure_schema(database: Database) -> None:
    """Return when the tables are up to date; a child process migrates them if need be.

    Raises Unavailable when the database can't be reached, SettingsError when it is newer than this program or
    the migration failed.
    """
    if current_revision(database) == REVISION:
        return
    child = subprocess.run(  # noqa: S603
        [sys.executable, "-m", __spec__.name],
        # The address may hold a password: not an argument, which every user of the machine can see.
        input=database.url.render_as_string(hide_password=False),
        capture_output=True,
        text=True,
        timeout=MIGRATION_LIMIT,
        check=False,
    )
    if child.returncode == os.EX_TEMPFAIL:
        raise Unavailable(detail=child.stderr.strip())
    if child.returncode != 0:
        raise SettingsError(_last_line(child.stderr) or f"The migration ended with {child.returncode}.")


def current_revision(database: Database) -> str | None:
    """Return the migration that the database is at, or None when it is empty. Raises Unavailable."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return revision


def migrate(url: URL) -> None:
    """Bring the tables of the database up to date, in one transaction, while holding a lock on it.

    Raises SettingsError when the database is newer than this program, Unavailable when it can't be
    reached; nothing is changed then.
    """
    from alembic.util import CommandError  # noqa: PLC0415

    engine = open_engine(url, PATIENT)
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(sqlite_begin="BEGIN IMMEDIATE")
            with connection.begin():
                _upgrade(connection)
    except CommandError as failed:
        raise SettingsError(
            "The database was written by a newer version of the center: upgrade this one, "
            "or restore an older backup.",
            detail=str(failed),
        ) from failed
    except SQLAlchemyError as failed:
        if is_outage(failed):
            raise Unavailable(detail=f"sql: {failed}") from failed
        raise
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def main() -> None:
    """Migrate the database whose address comes on stdin, or that the settings name when none comes.

    A failure is one line on stderr; the exit status tells one that may pass (75) from others (1).
    """
    try:
        address = "" if sys.stdin.isatty() else sys.stdin.read().strip()
        migrate(make_url(address) if address else database_url(load_settings()))
    except Unavailable as failed:
        sys.stderr.write(failed.detail.splitlines()[0] + "\n")
        sys.exit(os.EX_TEMPFAIL)
    except SSOError as failed:
        sys.exit(failed.message)


def _last_line(output: str) -> str:
    return output.strip().rpartition("\n")[2]


if __name__ == "__main__":
    main()
