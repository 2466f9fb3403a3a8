"""An SQL store set back under a running center: noticed, refused, and started over from."""

import logging
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from sso_center.base.actor import Actor
from sso_center.base.errors import Unavailable
from sso_center.core.audit import Tag
from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.upkeep import Restore
from sso_center.storage.schema import meta
from tests.endings.conftest import Books, Held, follow, sign_in
from tests.endings.test_feed import feed_of
from tests.harness.core import REDIRECT, Core, build, core_in


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with core_in(tmp_path) as core:
        yield core


@pytest.fixture
def books(core: Core) -> Books:
    return Books(core)


@pytest.fixture
def shop(core: Core) -> Client:
    return core.site(backchannel_logout_uri="https://shop.example/logout")


@pytest.fixture
def held(core: Core, shop: Client) -> Held:
    return sign_in(core, shop)


def restore_of(core: Core) -> Restore:
    services = core.services
    return Restore(services.redis, services.database, services.entries, services.mass_endings, services.clock)


@contextmanager
def lost(core: Core) -> Iterator[None]:
    """Let SQL forget what happens in the block, as if it were restored from a copy made before."""
    file = core.services.settings.data_dir / "center.db"
    with closing(sqlite3.connect(":memory:")) as copy, closing(sqlite3.connect(file)) as running:
        running.backup(copy)
        yield
        copy.backup(running)


def lose_an_ending(core: Core, held: Held) -> None:
    """End a session, see the shards marked, and let SQL forget it."""
    with lost(core):
        core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
        follow(core)


def visit(core: Core, held: Held) -> bool:
    return core.services.sessions.visit(held.cookie).session is not None


def test_a_store_that_is_what_it_was_is_left_alone(core: Core, held: Held) -> None:
    core.services.endings.end_session(sign_in(core).sid, Reason.LOGOUT, "me")
    follow(core)
    assert restore_of(core).detect() == 0
    assert restore_of(core).examine().lost == 0
    assert visit(core, held)


def test_a_shard_that_knows_more_than_the_journal_is_refused_and_that_is_said_once(
    core: Core, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    other = sign_in(core)
    lose_an_ending(core, held)
    restore = restore_of(core)
    with caplog.at_level(logging.ERROR):
        assert restore.detect() > 0
        assert restore.detect() == 0
    assert [record.message for record in caplog.records] == [
        "an older SQL copy was restored: nothing is accepted; run sso-center doctor --restore"
    ]
    for one in (held, other):
        with pytest.raises(Unavailable):
            visit(core, one)
    assert restore.examine().lost == 1


def test_a_journal_that_grows_again_does_not_hide_what_it_forgot(core: Core, held: Held) -> None:
    lose_an_ending(core, held)
    restore_of(core).detect()
    for _ in range(3):
        # Needs no shard, so it is recorded.
        core.services.entries.record_other(
            id=secrets.token_hex(8),
            kind="revocation",
            at=core.time.now,
            shard=held.user.shard,
            tag=Tag.TOKEN_REVOKED,
            reason=Reason.REVOKED,
            actor="test",
            detail={"denied": "x"},
        )
    with pytest.raises(Unavailable):
        visit(core, held)
    # Nor does a process that begins only now tell anyone that nothing was taken back.
    with pytest.raises(Unavailable):
        feed_of(core).since("shop", None)
    restore_of(core).start_over(Actor("cli"))
    assert not visit(core, held)
    assert feed_of(core).since("shop", None).is_whole


def test_starting_over_signs_everyone_out_and_gives_the_store_another_lineage(
    core: Core, books: Books, held: Held, shop: Client
) -> None:
    other, before = sign_in(core, shop), core.services.entries.lineage()
    lose_an_ending(core, held)
    restore_of(core).start_over(Actor("cli"))
    assert core.services.entries.lineage() != before
    assert not visit(core, held)
    assert not visit(core, other)
    assert visit(core, sign_in(core, shop, user=core.services.users.get(other.user.sub)))
    assert restore_of(core).detect() == 0
    assert books.audit(tag="admin:store:restore")
    assert [row.kind for row in books.journal()] == ["cutoff"]


def test_a_person_whom_the_shard_knows_from_the_lost_time_signs_in_and_is_disabled_at_once(
    core: Core, held: Held
) -> None:
    sub = held.user.sub
    with lost(core):
        for _ in range(3):
            core.services.users.set_password(sub, "another long password")
    restore_of(core).start_over(Actor("cli"))
    again = sign_in(core, user=core.services.users.get(sub))
    assert visit(core, again)
    core.services.users.set_disabled(sub, True)
    assert not visit(core, again)


def test_a_process_that_remembers_a_later_configuration_loads_it_anew(core: Core, held: Held) -> None:
    data_dir = str(core.services.settings.data_dir)
    other = build({"SSO_DATA_DIR": data_dir, "SSO_REDIS_TIMEOUT_MS": "10000"}, core.time)
    with lost(core):
        core.services.clients.add("forgotten", redirect_uris=(REDIRECT,))
        assert other.sessions.visit(held.cookie).session is not None
        assert other.clients.get("forgotten")
    restore_of(core).start_over(Actor("cli"))
    assert other.sessions.visit(held.cookie).session is None
    assert other.redis.configuration_version == core.services.entries.configuration_version()
    assert "forgotten" not in [client.client_id for client in other.clients.list()]
    other.close()


def test_shards_of_an_earlier_lineage_are_brought_up_to_this_journal(core: Core, held: Held) -> None:
    # As after a start that was cut short: the lineage is new, and Redis has not heard of it.
    with core.services.database.write() as connection:
        connection.execute(update(meta).where(meta.c.key == "lineage").values(value="new"))
    assert visit(core, held)
    assert restore_of(core).detect() > 0
    assert not core.services.redis.marker(held.user.shard).is_trusted
    assert visit(core, held)
    assert core.services.redis.marker(held.user.shard).lineage == "new"
