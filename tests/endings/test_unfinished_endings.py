"""Endings that something died in the middle of: what is closed stays closed, and the sweep finishes it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.upkeep import Sweep
from sso_center.storage.schema import journal, notices
from tests.harness.core import SECOND, Core, core_in


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    with core_in(tmp_path_factory.mktemp("core")) as core:
        yield core


@pytest.fixture
def site(core: Core) -> Client:
    return core.site(backchannel_logout_uri="https://shop.example/signed-out-elsewhere")


@pytest.fixture
def sid(core: Core, site: Client) -> str:
    """A session of somebody who is in at the site."""
    opened = core.open(core.person())
    core.code(opened.cookie, site)
    return opened.session.sid


@contextmanager
def sql_away(core: Core) -> Iterator[None]:
    connection = sqlite3.connect(core.services.settings.data_dir / "center.db", isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def closed_without_sql(core: Core, sid: str) -> None:
    with sql_away(core), pytest.raises(Unavailable):
        core.services.endings.end_session(sid, Reason.ADMIN, "cli")


def test_the_sweep_records_what_was_closed_while_sql_was_away(core: Core, site: Client, sid: str) -> None:
    closed_without_sql(core, sid)
    assert not core.is_alive(site, sid)
    sweep = Sweep(core.services.redis, core.services.endings, core.services.revoker, core.time)
    assert sweep.sweep() == 0, "whoever is ending it may still be at it"

    core.time.move(5 * SECOND + 1)
    assert sweep.sweep() == 1
    with core.services.database.read() as connection:
        recorded = connection.execute(select(journal).where(journal.c.sid == sid)).one()
        told = connection.execute(select(notices.c.client_id).where(notices.c.sid == sid)).all()
    assert (recorded.kind, recorded.reason, recorded.actor) == ("ending", Reason.ADMIN, "cli")
    assert told == [(site.client_id,)]
    assert sweep.sweep() == 0


def test_ending_a_closed_session_again_records_the_first_ending(core: Core, sid: str) -> None:
    closed_without_sql(core, sid)
    ending = core.services.endings.end_session(sid, Reason.LOGOUT, "somebody")
    assert ending is not None
    assert (ending.reason, ending.actor) == (Reason.ADMIN, "cli")
    assert core.services.endings.end_session(sid, Reason.LOGOUT, "somebody") is None
