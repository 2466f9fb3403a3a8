"""A store that is filled to be measured holds what logins and handoffs would have put there, and no more."""

from pathlib import Path

import pytest

from benchmarks.crowded import NoRoomError, check_room
from benchmarks.filling import ROLE, fill
from benchmarks.side import REDIRECT_URI
from sso_center.base.clock import system_clock
from tests.harness.core import build


def test_every_session_of_a_filled_store_is_one_that_somebody_opened_and_a_site_joined(
    tmp_path: Path,
) -> None:
    settings = {"SSO_DATA_DIR": str(tmp_path), "SSO_REDIS_TIMEOUT_MS": "10000"}
    services = build(settings, system_clock)
    try:
        services.clients.add("shop", redirect_uris=(REDIRECT_URI,))
        filled = fill(settings, sessions=60, client_id="shop", keep=3)
        assert (filled.sessions, filled.people, filled.readers) == (60, 48, 6)
        assert filled.used_bytes > 60 * 500
        views = list(services.sessions.every())
        assert len(views) == 60
        assert all(view.client_ids == ("shop",) for view in views)
        assert len({view.sub for view in views}) == 48
        assert len({view.sid[:2] for view in views}) > 16, "people are spread over the shards"
        for cookies, is_reader in ((filled.cookies, False), (filled.of_readers, True)):
            assert len(cookies) == 3
            found = [services.sessions.visit(cookie).session for cookie in cookies]
            assert [each is not None and each.user.has_role(ROLE) for each in found] == [is_reader] * 3
        left = {key.rpartition("}:")[2].partition(":")[0] for key in services.redis.scan()}
        assert left.isdisjoint({"grant", "audit"}), "what a day takes away would be counted with the sessions"
    finally:
        services.close()


def test_a_machine_that_is_too_small_is_told_how_much_it_lacks() -> None:
    check_room(1000)
    with pytest.raises(NoRoomError, match=r"want 8000\.0 GB of free memory"):
        check_room(1_000_000_000)
