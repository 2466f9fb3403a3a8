"""A center of this version on the data folder that an earlier one left, at the moment at which it left it."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, create_engine, inspect, text

import sso_center.storage
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import Site, new_site
from tests.servers.postgres import PostgresServer

ARCHIVE = Path(__file__).with_name("data-1c80983.tar.xz")
"""What make_data.py left, run with that commit."""


@dataclass(frozen=True)
class Upgraded:
    """The center, and what people and sites had in their hands before the upgrade."""

    center: Center
    known: dict[str, Any]

    def site(self, client_id: str) -> Site:
        """Return a site of that time."""
        known = self.known["sites"][client_id]
        site = new_site(self.center, client_id, known["secret"], known["redirect_uri"])
        self.reach(site.http)
        return site

    def browser(self, cookies: str = "") -> Browser:
        """Return a browser, with the cookies of one of that time when it is named."""
        browser = Browser()
        self.reach(browser.http)
        for name, value in self.known["cookies"].get(cookies, {}).items():
            browser.http.cookies.set(name, value, domain=self.host, path="/")
        return browser

    def reach(self, session: requests.Session) -> None:
        """Lead requests for the issuer, whose port is that of another machine, to the center."""
        adapter: Any = session.get_adapter(self.center.issuer)
        plain = adapter.get_connection_with_tls_context

        def connect(request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
            if (request.url or "").startswith(self.center.issuer):
                return adapter.poolmanager.connection_from_host("127.0.0.1", self.center.port, "http")
            return plain(request, *args, **options)

        adapter.get_connection_with_tls_context = connect

    @property
    def host(self) -> str:
        """Return the host that the cookies are of."""
        return "sso.localhost"

    @property
    def admin(self) -> dict[str, str]:
        """Return the header by which the program of admins proves who it is."""
        return {"Authorization": f"Bearer {self.known['tokens']['robot']['access_token']}"}


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)],
)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """A center of this version on what the earlier one left."""
    folder = tmp_path_factory.mktemp("upgraded")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    known = json.loads((folder / "known.json").read_text())
    if request.param == "sqlite":
        yield from _started(folder, known, {})
        return
    with PostgresServer() as server:
        url = server.new_database()
        copy_into_postgresql(folder / "data" / "center.db", url)
        yield from _started(folder, known, {"SSO_DATABASE_URL": url})


def _started(folder: Path, known: dict[str, Any], settings: dict[str, str]) -> Iterator[Upgraded]:
    center = Center(folder, settings={"SSO_ISSUER": known["issuer"], **settings})
    center.issuer = known["issuer"]
    center.move_clock((known["made_at"] - center.clock.now_ms()) / 1000)
    upgraded = Upgraded(center, known)
    upgraded.reach(center.http)
    try:
        center.start()
        yield upgraded
    finally:
        center.close()


def copy_into_postgresql(file: Path, url: str) -> None:
    """Make the tables as that version made them on PostgreSQL, and fill them with what SQLite holds."""
    source = create_engine(f"sqlite:///{file}")
    target = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with source.connect() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        _migrate(target, revision)
        _copy_rows(source, target)
    finally:
        source.dispose()
        target.dispose()


def _migrate(engine: Engine, revision: str) -> None:
    configuration = Config()
    folder = Path(sso_center.storage.__file__).parent / "migrations"
    configuration.set_main_option("script_location", str(folder))
    configuration.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)


def _copy_rows(source: Engine, target: Engine) -> None:
    old, new = MetaData(), MetaData()
    old.reflect(source)
    new.reflect(target)
    with source.connect() as reading, target.begin() as writing:
        for table in new.sorted_tables:
            writing.execute(table.delete())
            rows = [dict(row) for row in reading.execute(old.tables[table.name].select()).mappings()]
            if rows:
                writing.execute(table.insert(), rows)
            _raise_sequence(writing, table.name)


def _raise_sequence(connection: Any, table: str) -> None:
    for column in inspect(connection).get_columns(table):
        if "nextval" in (column["default"] or ""):
            name = column["name"]
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'),"
                    f" (SELECT coalesce(max({name}), 0) + 1 FROM {table}))"
                )
            )
