"""Finding sessions among many."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from sso_center.base.errors import Invalid
from sso_center.base.secrets import all_shards
from sso_center.core.clients import Client
from sso_center.core.sessions import SessionPage, SessionView
from sso_center.core.sessions.search import CHUNK
from tests.harness.core import HOUR, MINUTE, SECOND, Core
from tests.sessions.conftest import sign_in


def pages(core: Core, **wanted: Any) -> Iterator[SessionPage]:
    cursor = None
    while True:
        page = core.services.search.find(cursor=cursor, **wanted)
        yield page
        cursor = page.next
        if cursor is None:
            return


def found(core: Core, **wanted: Any) -> list[SessionView]:
    return [view for page in pages(core, **wanted) for view in page.sessions]


def open_from(core: Core, address: str, user: Any = None) -> str:
    opened = core.services.sessions.open(
        user or core.person(), remember=False, amr=("pwd",), user_agent="", address=address, previous=None
    )
    return opened.session.sid


@pytest.fixture
def quiet(core: Core) -> Core:
    """The core with every earlier session of these tests expired."""
    core.time.move(13 * HOUR)
    return core


def test_all_sessions_are_found_once_the_last_seen_first(quiet: Core) -> None:
    opened = []
    for _ in range(40):
        opened.append(open_from(quiet, "192.0.2.1"))
        quiet.time.move(SECOND)
    for limit in (7, 40, 200):
        assert [view.sid for view in found(quiet, limit=limit)] == opened[::-1]


def test_a_page_holds_no_more_than_asked_for_and_says_how_far_it_is(quiet: Core) -> None:
    for _ in range(5):
        open_from(quiet, "192.0.2.1")
    read = list(pages(quiet, limit=2))
    assert [len(page.sessions) for page in read if page.sessions] == [2, 2, 1]
    assert [page.looked_at for page in read][:2] == [2, 4]
    assert all(page.total >= 5 for page in read)
    assert [page.next is None for page in read] == [False] * (len(read) - 1) + [True]


def test_sessions_of_one_instant_in_one_shard_are_each_found_once(quiet: Core) -> None:
    shard = all_shards()[7]
    user = quiet.person(shard=shard)
    opened = {open_from(quiet, "192.0.2.1", user) for _ in range(3 * CHUNK)}
    met = [view.sid for view in found(quiet, limit=4)]
    assert len(met) == len(opened)
    assert set(met) == opened


def test_a_session_that_ends_or_is_used_between_two_pages_hides_no_other(quiet: Core) -> None:
    user = quiet.person(shard=all_shards()[9])
    opened = []
    for _ in range(12):
        opened.append(quiet.open(user))
        quiet.time.move(2 * MINUTE)
    *others, used, last = opened
    first = quiet.services.search.find(limit=2)
    assert [view.sid for view in first.sessions] == [last.session.sid, used.session.sid]
    # What the place names moves to the front; one before it, and one behind it, end.
    quiet.services.sessions.visit(used.cookie)
    gone = (last.session.sid, others[3].session.sid)
    quiet.services.endings.end_sessions(gone, "admin", "cli")  # type: ignore[arg-type]
    rest = quiet.services.search.find(limit=200, cursor=first.next)
    expected = [one.session.sid for one in reversed(others) if one.session.sid not in gone]
    assert [view.sid for view in rest.sessions] == expected
    assert rest.next is None


def test_a_search_by_user_finds_only_their_sessions(quiet: Core) -> None:
    user = quiet.person()
    mine = {open_from(quiet, "192.0.2.1", user) for _ in range(3)}
    open_from(quiet, "192.0.2.1")
    assert {view.sid for view in found(quiet, user_sub=user.sub, limit=2)} == mine


def test_a_search_by_site_finds_only_sessions_that_joined_it(quiet: Core, site: Client) -> None:
    other = quiet.site()
    joined = [sign_in(quiet, other).sid for _ in range(3)]
    sign_in(quiet, site)
    assert {view.sid for view in found(quiet, client_id=other.client_id, limit=2)} == set(joined)
    assert found(quiet, client_id="nobody") == []


def test_a_search_by_address_finds_only_its_sessions_and_filters_combine(quiet: Core) -> None:
    user = quiet.person()
    here, there = open_from(quiet, "198.51.100.7", user), open_from(quiet, "192.0.2.1", user)
    stranger = open_from(quiet, "198.51.100.7")
    assert {view.sid for view in found(quiet, address="198.51.100.7")} == {here, stranger}
    assert [view.sid for view in found(quiet, address="198.51.100.7", user_sub=user.sub)] == [here]
    assert there not in {view.sid for view in found(quiet, address="198.51.100.7")}


def test_a_search_that_finds_nothing_looks_at_so_many_and_goes_on(
    quiet: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_center.core.sessions.search.MAX_LOOKED", 10)
    oldest = open_from(quiet, "198.51.100.9")
    quiet.time.move(SECOND)
    for _ in range(25):
        open_from(quiet, "192.0.2.1")
    read = list(itertools.islice(pages(quiet, address="198.51.100.9"), 3))
    assert [page.looked_at for page in read][:2] == [10, 20]
    assert [[view.sid for view in page.sessions] for page in read] == [[], [], [oldest]]


def test_sessions_that_are_not_alive_are_not_found(quiet: Core) -> None:
    ended, expired = open_from(quiet, "192.0.2.1"), open_from(quiet, "192.0.2.1")
    quiet.services.endings.end_session(ended, "admin", "cli")  # type: ignore[arg-type]
    quiet.time.move(13 * HOUR)
    assert {view.sid for view in found(quiet)}.isdisjoint({ended, expired})


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "1.00aa.x", "-1.00aa.3", "1.00 a.3", "9" * 16 + ".00a.1"])
def test_a_cursor_that_is_none_is_refused(core: Core, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        core.services.search.find(cursor=cursor)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_limit_out_of_range_is_refused(core: Core, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        core.services.search.find(limit=limit)
    assert refused.value.field == "limit"
