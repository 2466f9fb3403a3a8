"""While one primary takes over from another, an entry may reach only the old one: the courier mends that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_center.base.settings import load_settings
from sso_center.core.journal import FailoverWatcher
from sso_center.core.reasons import Reason
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.migrate import migrate
from sso_center.storage.sql import database_url
from tests.harness.hot import Hot


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = load_settings({"SSO_DATA_DIR": str(tmp_path), "SSO_REDIS_TIMEOUT_MS": "10000"})
    migrate(database_url(settings))
    built = build_services(settings, FACADES)
    yield built
    built.close()


def test_an_ending_that_reached_only_the_old_primary_is_applied_to_the_new_one(services: Services) -> None:
    redis, embedded = services.redis, services.redis.embedded
    assert embedded is not None
    courier = FailoverWatcher(redis, services.entries, services.applier, services.clock)
    courier.check_shards()
    user = services.users.add("alice", password="correct horse battery")
    opened = services.sessions.open(
        user, remember=False, amr=("pwd",), user_agent="", address="", previous=None
    )

    embedded.stop()
    embedded.ensure_running()
    assert services.sessions.visit(opened.cookie).session is not None

    # What the new primary would hold had the ending gone to the old one: everything, and its marker trusted.
    bring_back = Hot(redis).copy(opened.session.sid, opened.session.chain_id)
    services.endings.end_session(opened.session.sid, Reason.ADMIN, "test")
    bring_back()
    assert services.sessions.visit(opened.cookie).session is not None

    assert courier.check_shards() == 1
    assert services.sessions.visit(opened.cookie).session is None
    assert courier.check_shards() == 0
