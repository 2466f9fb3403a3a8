"""The journal's numbers and the audit log, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from sso_center.base.actor import Actor, Origin
from sso_center.core.audit import Audit, Tag
from sso_center.core.clients import FormerClient
from sso_center.core.journal.entries import ClosedSession, Entries
from sso_center.core.journal_rows import append_entry
from sso_center.storage.migrate import migrate
from sso_center.storage.schema import audit, journal, meta, notices
from sso_center.storage.sql import Database, database_url, open_database
from tests.core_nouns.conftest import settings_in
from tests.harness.stores import settings_of


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)],
)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("journal")
    with settings_of(request.param, folder) as stores:
        settings = settings_in(folder, **stores)
        migrate(database_url(settings))
        opened = open_database(settings)
        yield opened
        opened.close()


def write(database: Database, id: str = "") -> int:
    with database.write() as connection:
        return append_entry(connection, id=id or uuid4().hex, kind="ending", at=1, shard="00", sid="00x")


def test_numbers_follow_each_other_without_a_gap_however_many_write(database: Database, in_parallel) -> None:
    before = write(database)
    written = in_parallel(8, lambda _: [write(database) for _ in range(5)])
    assert sorted(number for numbers in written for number in numbers) == list(range(before + 1, before + 41))


def test_a_reader_never_sees_a_number_before_an_earlier_one(database: Database, in_parallel) -> None:
    gaps: list[list[int]] = []

    def write_or_read(number: int) -> None:
        for _ in range(10):
            if number:
                write(database)
                continue
            with database.read() as connection:
                seen = list(connection.scalars(select(journal.c.number).order_by(journal.c.number)))
            if seen != list(range(1, len(seen) + 1)):
                gaps.append(seen)

    in_parallel(5, write_or_read)
    assert gaps == []


def test_an_entry_that_is_recorded_already_keeps_its_number(database: Database) -> None:
    number = write(database, "again")
    write(database)
    assert write(database, "again") == number


def test_an_ending_that_many_record_at_once_is_recorded_told_and_audited_once(
    database: Database, in_parallel
) -> None:
    entries = Entries(database)
    shop = FormerClient("", "shop", "shop", None, "ES256", "", 0).client
    for _ in range(10):
        sid = f"00{uuid4().hex}"
        closed = ClosedSession(sid, f"{sid}:ending", "logout", "me", 1, "sub", ("shop",))
        endings = in_parallel(6, lambda _, c=closed: entries.record([c], "00", {"shop": (shop,)}))
        assert len({ending.number for (ending,) in endings}) == 1
        with database.read() as connection:
            for table in (journal, notices, audit):
                assert len(connection.execute(select(table).where(table.c.sid == sid)).all()) == 1, table.name


def test_an_entry_is_there_or_not_with_the_rest_of_its_transaction(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            append_entry(connection, id="undone", kind="ending", at=1, shard=None)
            connection.execute(insert(meta).values(key="lineage", value="a second one"))

    before = write(database)
    with pytest.raises(IntegrityError):
        write_and_fail()
    assert write(database) == before + 1


def test_the_audit_log_tells_what_happened_newest_first(database: Database) -> None:
    audit = Audit(database, lambda: 1234)
    audit.record(Tag.LOGIN_SUCCEEDED, Actor("u1", Origin("192.0.2.1")), sub="u1", detail={"amr": ["pwd"]})
    audit.record(Tag.CLIENT_ADDED, Actor("cli"), client_id="shop")
    newest, *_ = audit.latest(1)
    assert (newest.tag, newest.client_id, newest.actor, newest.at) == (
        "admin:client:add",
        "shop",
        "cli",
        1234,
    )
    [login] = audit.latest(5, sub="u1")
    assert (login.tag, login.detail) == ("login:session:open", {"amr": ["pwd"]})


def test_what_a_browser_calls_itself_never_breaks_the_audit_log(database: Database) -> None:
    audit = Audit(database, lambda: 1)
    audit.record(Tag.LOGIN_FAILED, Actor("", Origin(user_agent="x" * 100_000 + "\ud800")), sub="u\ud8002")
    assert len(audit.latest(1)[0].user_agent) == 300
