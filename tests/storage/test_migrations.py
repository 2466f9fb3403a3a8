"""The tables as the migrations make them, and as the code knows them."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.engine import URL, make_url

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.core.journal import CutoffJob, CutoffJobs
from sso_center.core.users.store import read_beginning, read_page, read_to_change, write_account
from sso_center.storage import migrations
from sso_center.storage.migrate import current_revision, ensure_schema, migrate
from sso_center.storage.schema import REVISION, journal, meta, metadata, users
from sso_center.storage.sql import Database
from tests.servers.postgres import PostgresServer
from tests.storage.hot import together


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return make_url(f"sqlite:///{tmp_path / 'center.db'}")
    server: PostgresServer = request.getfixturevalue("postgres")
    return make_url(server.new_database()).set(drivername="postgresql+psycopg")


@pytest.fixture
def database(url: URL) -> Iterator[Database]:
    """The database at that address."""
    opened = Database(url)
    yield opened
    opened.close()


def settings_of(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.key: row.value for row in connection.execute(select(meta))}


def upgrade(connection: Connection, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(migrations.__file__).parent))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_the_migrations_make_what_the_code_knows(database: Database) -> None:
    migrate(database.url)
    # Indexes of expressions can't be compared; the next test looks at what they are for.
    options = {"include_object": lambda _object, name, *_: not str(name).startswith("ix_users_lower_")}
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_search_for_people_reads_the_indexes_and_not_everyone(database: Database) -> None:
    migrate(database.url)
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    is_sqlite = database.url.drivername == "sqlite"
    with database.read() as connection:
        if not is_sqlite:
            # Without people a table is read whole unless that is made dear.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        assert read_beginning(connection, "al", "", 10) == []
        statement, parameters = asked[-1]
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = str(connection.exec_driver_sql(explain + statement, parameters).all())
    assert all(f"ix_users_lower_{column}" in plan for column in ("username", "name", "email")), plan
    assert "SCAN users" not in plan
    assert "Seq Scan" not in plan


def test_what_an_older_center_knew_of_people_goes_into_their_profiles(database: Database) -> None:
    with database.write() as connection:
        upgrade(connection, "0004")
        for number in range(3):
            row = {"sub": f"u{number}", "name": f"N {number}", "email": f"{number}@x" if number % 2 else None}
            rest = dict.fromkeys(("is_disabled", "must_change_password"), False)
            counts = dict.fromkeys(("version", "epoch", "created_at", "updated_at"), 1)
            connection.execute(insert(users).values(username=str(number), roles=[], **row, **rest, **counts))
    migrate(database.url)
    with database.read() as connection:
        # No row is written, which would lock it until all is done: a person's is at their next change.
        assert connection.execute(select(users.c.profile)).scalars().all() == [{}] * 3
        known = {user.sub: user.profile for user in read_page(connection, "", 10)}
    assert known == {"u0": {"name": "N 0"}, "u1": {"name": "N 1", "email": "1@x"}, "u2": {"name": "N 2"}}
    with database.write() as connection:
        account = read_to_change(connection, "u1")
        user = replace(account.user, profile={**account.user.profile, "nickname": "One"})
        write_account(connection, replace(account, user=user), 2)
        stored = connection.execute(select(users.c.profile).where(users.c.sub == "u1")).scalar_one()
    assert stored == {"name": "N 1", "email": "1@x", "nickname": "One"}


def test_an_empty_database_gets_its_tables_and_a_lineage_of_its_own(
    database: Database, tmp_path: Path
) -> None:
    assert current_revision(database) is None
    ensure_schema(database)
    assert current_revision(database) == REVISION
    first = settings_of(database)
    assert first["config_version"] == "1"
    ensure_schema(database)
    assert settings_of(database) == first
    other = Database(make_url(f"sqlite:///{tmp_path / 'other.db'}"))
    ensure_schema(other)
    assert settings_of(other)["lineage"] != first["lineage"]
    other.close()


def test_people_of_an_older_center_go_on(database: Database) -> None:
    with database.write() as connection:
        upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO users (sub, username, name, roles, is_disabled, must_change_password, version,"
                " epoch, created_at, updated_at) VALUES ('u1', 'a', 'A', '[]', false, false, 1, 4, 0, 0)"
            )
        )
    migrate(database.url)
    with database.read() as connection:
        row = connection.execute(select(users)).one()
    assert (row.epoch, row.refresh_epoch, row.access_epoch, row.consents) == (4, 0, 0, {})


def test_a_cut_off_job_of_an_older_center_is_continued(database: Database) -> None:
    with database.write() as connection:
        upgrade(connection, "0001")
        for number, is_applied in ((1, True), (2, False)):
            row = {"number": number, "id": f"cut-off {number}", "kind": "cutoff", "at": 7, "actor": "cli"}
            detail = {"scope": "role", "name": "night", "at": 6}
            connection.execute(insert(journal).values(**row, detail=detail, is_applied=is_applied))
    migrate(database.url)
    assert CutoffJobs(database).all() == [CutoffJob(2, "role", "night", began_at=7)]


def test_processes_that_migrate_at_once_do_it_once(database: Database) -> None:
    databases = [Database(database.url) for _ in range(3)]
    assert together(3, lambda n: ensure_schema(databases[n])) == [None] * 3
    assert len({settings_of(one)["lineage"] for one in databases}) == 1
    for one in databases:
        one.close()


def test_a_migration_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE notices (in_the_way INTEGER)"))
    with pytest.raises(SettingsError):
        ensure_schema(database)
    assert current_revision(database) is None
    with database.write() as connection:
        connection.execute(text("DROP TABLE notices"))
    ensure_schema(database)
    assert current_revision(database) == REVISION


def test_a_database_of_a_newer_version_is_refused_in_one_line(database: Database) -> None:
    migrate(database.url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer version") as refused:
        ensure_schema(database)
    assert "\n" not in refused.value.message


@pytest.mark.needs_postgresql
def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        migrate(make_url("postgresql+psycopg://center@127.0.0.1:1/center"))


def test_the_command_migrates_what_the_settings_name_and_tells_of_bad_ones(tmp_path: Path) -> None:
    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sso_center.storage.migrate"],
            env=settings,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(SSO_DATA_DIR=str(tmp_path)).returncode == 0
    made = Database(make_url(f"sqlite:///{tmp_path / 'center.db'}"))
    assert current_revision(made) == REVISION
    made.close()
    failed = run(SSO_DATABASE_URL="mysql://somewhere")
    assert failed.returncode == 1
    assert failed.stderr.startswith("SSO_DATABASE_URL")
    away = run(SSO_DATABASE_URL="postgresql://center@127.0.0.1:1/center")
    assert away.returncode == 75
    assert away.stderr.count("\n") == 1


def test_a_process_that_finds_its_tables_in_order_does_not_load_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'center.db'}"
    migrate(make_url(url))
    program = (
        "import sys; from sqlalchemy.engine import make_url;"
        "from sso_center.storage.sql import Database;"
        "from sso_center.storage.migrate import ensure_schema;"
        f"ensure_schema(Database(make_url({url!r})));"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
