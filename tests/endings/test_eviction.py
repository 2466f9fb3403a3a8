"""Limits on sessions, the center's and each client's: the least recently seen go first, and no other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_center.core.upkeep import Eviction
from sso_center.core.upkeep.eviction import AT_ONCE, PAGE
from tests.endings.conftest import Books, Held, sign_in
from tests.endings.crowd import crowd_everywhere, crowd_in
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.core import MINUTE, SECOND, Core, core_in
from tests.harness.waiting import eventually

NOTICES = "https://shop.example/logout"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Core]:
    """A core of one test: it counts every session there is."""
    with core_in(tmp_path) as core:
        yield core


def evict(core: Core, total: int = 0) -> int:
    services = core.services
    return Eviction(services.redis, services.clients, services.endings, total=total).evict()


def is_in(core: Core, held: Held) -> bool:
    return core.services.sessions.visit(held.cookie).session is not None


def touch(core: Core, held: Held) -> None:
    core.time.move(2 * MINUTE)
    assert is_in(core, held)


# The center's limit


def test_sessions_above_the_limit_are_evicted_least_recently_seen_first(alone: Core) -> None:
    books, shop = Books(alone), alone.site(backchannel_logout_uri=NOTICES)
    held = []
    for _ in range(7):
        held.append(sign_in(alone, shop))
        alone.time.move(SECOND)
    for one in (held[0], held[3]):
        touch(alone, one)
    assert evict(alone, total=4) == 3
    assert [is_in(alone, one) for one in held] == [True, False, False, True, False, True, True]
    for one in (held[1], held[2], held[4]):
        (entry,) = books.journal(sid=one.sid)
        assert (entry.reason, entry.actor) == ("evicted", "center")
        assert books.told(sid=one.sid) == [shop.client_id]
    assert evict(alone, total=4) == 0


def test_no_session_is_evicted_up_to_the_limit_or_without_one(alone: Core) -> None:
    held = [sign_in(alone) for _ in range(3)]
    assert evict(alone) == 0
    assert evict(alone, total=3) == 0
    assert all(is_in(alone, one) for one in held)


def test_a_large_surplus_is_evicted_in_rounds(alone: Core) -> None:
    crowd_everywhere(alone, 20)
    alone.time.move(SECOND)
    newest = sign_in(alone)
    assert alone.services.sessions.count() == 1281
    assert evict(alone, total=1) == AT_ONCE
    assert evict(alone, total=1) == 280
    assert is_in(alone, newest)
    assert alone.services.sessions.count() == 1


def test_eviction_reaches_sessions_that_are_all_in_one_shard(alone: Core) -> None:
    crowd_in(alone, "2a", PAGE + 50)
    alone.time.move(SECOND)
    newest = sign_in(alone)
    assert evict(alone, total=1) == PAGE + 50
    assert is_in(alone, newest)


def test_stale_index_entries_are_dropped_before_a_session_is_evicted(alone: Core) -> None:
    held = [sign_in(alone) for _ in range(2)]
    for number in range(5):
        alone.hot.put_into("2a", "seen", f"2a-lost-{number}")
    assert evict(alone, total=2) == 0
    assert all(is_in(alone, one) for one in held)
    assert [alone.hot.place_in("2a", "seen", f"2a-lost-{number}") for number in range(5)] == [None] * 5


# A client's


def test_a_client_leaves_the_sessions_it_saw_least_recently_and_they_go_on(core: Core) -> None:
    books = Books(core)
    shop, other = core.site(backchannel_logout_uri=NOTICES, max_sessions=2), core.site()
    held = []
    for _ in range(4):
        held.append(sign_in(core, shop, other))
        core.time.move(SECOND)
    core.time.move(2 * MINUTE)
    core.code(held[0].cookie, shop)  # seen by the client
    touch(core, held[1])  # seen by the center alone
    assert evict(core) == 2
    assert all(is_in(core, one) for one in held)
    assert [core.is_alive(shop, one.sid) for one in held] == [True, False, False, True]
    assert all(core.is_alive(other, one.sid) for one in held)
    (entry,) = books.journal(sid=held[1].sid)
    assert (entry.kind, entry.reason, entry.actor) == ("leave", "evicted", "center")
    assert books.told(sid=held[1].sid) == [shop.client_id]
    assert evict(core) == 0


def test_an_apps_session_ends_with_its_only_client(core: Core) -> None:
    app = core.site(access_token_format="app", max_sessions=1)
    tokens = []
    for _ in range(3):
        login = sign_in(core)
        tokens.append(core.redeem(core.code(login.cookie, app), app).access_token)
        core.services.endings.leave(login.sid, app.client_id, "me")
        core.time.move(SECOND)
    assert evict(core) == 2
    found = [core.services.tokens.find_active(token) is not None for token in tokens]
    assert found == [False, False, True]
    assert len(Books(core).journal(kind="ending", reason="evicted")) == 2


def test_sessions_of_a_disabled_account_keep_nobodys_place(core: Core) -> None:
    shop = core.site(max_sessions=1)
    held = []
    for _ in range(3):
        held.append(sign_in(core, shop))
        core.time.move(SECOND)
    away = held[0]
    core.show_copy(away.user, is_disabled=True)
    assert evict(core) == 2
    assert core.record(away.sid, "participants", away.sid) == {}
    assert [core.is_alive(shop, one.sid) for one in held] == [False, False, True]


def test_a_client_that_was_left_makes_room(core: Core) -> None:
    shop = core.site(max_sessions=1)
    first, second = sign_in(core, shop), sign_in(core, shop)
    core.services.endings.leave(second.sid, shop.client_id, "me")
    assert evict(core) == 0
    assert core.is_alive(shop, first.sid)


# By the courier


def test_a_running_center_holds_its_limit_within_seconds(
    new_center: Callable[..., Center], new_browser: Callable[[], Browser]
) -> None:
    center = new_center(settings={"SSO_SESSIONS_TOTAL": "2"})
    site = center.add_site()
    browsers = []
    for _ in range(3):
        browsers.append(new_browser())
        site.sign_in(browsers[-1], center.add_person())
        center.move_clock(2)

    def inside() -> list[bool]:
        return [site.visit(browser).location.startswith(site.redirect_uri) for browser in browsers[1:]]

    eventually(lambda: center.services.sessions.count() == 2)
    assert inside() == [True, True]
    assert not site.visit(browsers[0]).location.startswith(site.redirect_uri)
