"""Who is here, and where a session was used."""

from collections.abc import Iterator

import pytest

from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.sessions import OpenedSession, Presence, Step
from sso_center.core.sessions.presence import SHOWN_STEPS
from sso_center.core.users import User
from tests.harness.core import DAY, HOUR, MINUTE, SECOND, Core, core_in

AT_LOGIN = {"address": "192.0.2.1", "user_agent": 'Mozilla/5.0 (X11; Linux) "quoted" | Firefox/140.0'}
ELSEWHERE = {"address": "198.51.100.7", "user_agent": "Mozilla/5.0 (iPhone) Mobile Safari/604.1 | a bar|"}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core of our own: everybody who is here is counted."""
    with core_in(tmp_path_factory.mktemp("core")) as core:
        yield core


@pytest.fixture(autouse=True)
def nobody_else(core: Core) -> None:
    """Let everybody of the tests before be long gone."""
    core.time.move(2 * DAY)


def open_at(core: Core, user: User, previous: str | None = None, **where: str) -> OpenedSession:
    return core.services.sessions.open(
        user, remember=False, amr=("pwd",), previous=previous, **(where or AT_LOGIN)
    )


def steps(core: Core, opened: OpenedSession) -> list[Step]:
    return core.services.sessions.steps(opened.session.sid)


def presence(core: Core) -> Presence:
    return core.services.sessions.presence()


def index(core: Core, shard: str, name: str) -> dict[str, str]:
    key = f"sso:{{{shard}}}:{name}"
    flat = core.services.redis.command(shard, "ZRANGE", key, 0, -1, "WITHSCORES")
    return dict(zip(flat[::2], flat[1::2], strict=True))


# Steps


def test_a_login_is_the_first_step(core: Core) -> None:
    opened = open_at(core, core.person())
    assert steps(core, opened) == [Step(core.time.now, "", **AT_LOGIN)]


def test_each_grant_is_a_step_with_client_time_address_and_browser(core: Core) -> None:
    opened, shop, forum = open_at(core, core.person()), core.site(), core.site()
    login = steps(core, opened)
    core.time.move(SECOND)
    core.code(opened.cookie, shop, **AT_LOGIN)
    core.time.move(SECOND)
    core.code(opened.cookie, forum, **ELSEWHERE)
    now = core.time.now
    assert steps(core, opened) == [
        Step(now, forum.client_id, **ELSEWHERE),
        Step(now - SECOND, shop.client_id, **AT_LOGIN),
        *login,
    ]


def test_a_site_that_asks_is_a_step_at_most_once_a_minute(core: Core) -> None:
    opened, shop, forum = open_at(core, core.person()), core.site(), core.site()
    for site in (shop, forum):
        core.code(opened.cookie, site, **AT_LOGIN)

    def asked(site: Client) -> list[tuple[str, int]]:
        assert core.is_alive(site, opened.session.sid)
        return [(one.client_id, one.at) for one in steps(core, opened) if one.address is None]

    core.time.move(MINUTE - 1)
    assert asked(shop) == []
    core.time.move(1)
    first = (shop.client_id, core.time.now)
    assert asked(shop) == [first]
    core.time.move(MINUTE - 1)
    assert asked(shop) == [first]
    assert asked(forum) == [(forum.client_id, core.time.now), first]


def test_a_site_that_keeps_asking_pushes_nothing_out(core: Core) -> None:
    opened, shop, forum = open_at(core, core.person()), core.site(), core.site()
    for site in (shop, forum):
        core.code(opened.cookie, site, **ELSEWHERE)
    for _ in range(2 * SHOWN_STEPS):
        core.time.move(MINUTE)
        core.is_alive(shop, opened.session.sid)
    assert [one.client_id for one in steps(core, opened)] == [
        shop.client_id,
        forum.client_id,
        shop.client_id,
        "",
    ]
    assert steps(core, opened)[0].at == core.time.now


def test_the_last_twenty_five_are_kept_and_no_more(core: Core) -> None:
    opened, site = open_at(core, core.person()), core.site()
    for _ in range(3 * SHOWN_STEPS):
        core.time.move(SECOND)
        core.code(opened.cookie, site, **ELSEWHERE)
    kept = steps(core, opened)
    assert [one.at for one in kept] == [core.time.now - n * SECOND for n in range(SHOWN_STEPS)]
    key = f"sso:{{{opened.session.sid[:2]}}}:steps:{opened.session.sid}"
    assert core.services.redis.command(opened.session.sid[:2], "LLEN", key) < SHOWN_STEPS + 10


def test_a_new_login_in_the_same_browser_rewrites_no_earlier_step(core: Core) -> None:
    user, site = core.person(), core.site()
    opened = open_at(core, user)
    core.code(opened.cookie, site, **AT_LOGIN)
    before = steps(core, opened)
    core.time.move(MINUTE)
    again = open_at(core, user, opened.cookie, **ELSEWHERE)
    assert steps(core, again) == [Step(core.time.now, "", **ELSEWHERE), *before]

    core.time.move(MINUTE)
    core.code(again.cookie, site, **ELSEWHERE)
    core.code(again.cookie, site, **AT_LOGIN)
    before = steps(core, again)
    core.time.move(MINUTE)
    third = open_at(core, user, again.cookie, **AT_LOGIN)
    assert steps(core, third) == [Step(core.time.now, "", **AT_LOGIN), *before]


def test_a_step_with_the_logins_browser_takes_few_bytes(core: Core) -> None:
    plain = {"address": "2001:db8::7", "user_agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    opened, site = open_at(core, core.person(), **plain), core.site()
    core.code(opened.cookie, site, **plain)
    sid = opened.session.sid
    (text,) = core.services.redis.command(sid[:2], "LRANGE", f"sso:{{{sid[:2]}}}:steps:{sid}", 0, -1)
    assert text == f"{core.time.now}|{site.client_id}|"


def test_there_are_no_steps_of_what_is_no_session(core: Core) -> None:
    assert core.services.sessions.steps("00nothing") == []
    assert core.services.sessions.steps("no sid at all") == []


# Who is here


def test_people_are_counted_by_when_they_were_last_seen(core: Core) -> None:
    people = [open_at(core, core.person()) for _ in range(4)]
    for minutes, opened in zip((45, 10, 3, 0), people, strict=True):
        core.time.move((60 - minutes) * MINUTE - (core.time.now - opened.session.seen_at))
        core.services.sessions.visit(opened.cookie)
    found = presence(core)
    assert (found.now, found.last_5, found.last_15, found.last_60) == (1, 2, 3, 4)


def test_a_person_with_two_devices_is_one(core: Core) -> None:
    user = core.person()
    open_at(core, user)
    open_at(core, user)
    assert presence(core).now == 1


def test_a_person_seen_within_two_minutes_is_here_now(core: Core) -> None:
    open_at(core, core.person())
    core.time.move(2 * MINUTE)
    assert presence(core).now == 1
    core.time.move(1)
    assert (presence(core).now, presence(core).last_5) == (0, 1)


@pytest.mark.parametrize("use", ["a visit", "a grant", "a site that asks"])
def test_a_person_who_uses_a_session_is_here(core: Core, use: str) -> None:
    opened, site = open_at(core, core.person()), core.site()
    core.code(opened.cookie, site)
    core.time.move(HOUR)
    assert presence(core).now == 0
    if use == "a visit":
        core.services.sessions.visit(opened.cookie)
    if use == "a grant":
        core.code(opened.cookie, site)
    if use == "a site that asks":
        core.is_alive(site, opened.session.sid)
    assert presence(core).now == 1


def test_a_person_signed_out_of_the_last_device_is_gone_at_once(core: Core) -> None:
    user = core.person()
    desk, phone = open_at(core, user), open_at(core, user)
    core.services.endings.end_session(desk.session.sid, Reason.LOGOUT, user.sub)
    assert presence(core).now == 1
    core.services.endings.end_session(phone.session.sid, Reason.LOGOUT, user.sub)
    assert presence(core).now == 0


# What is used


def test_the_most_used_clients_of_the_last_day_come_first(core: Core) -> None:
    quiet, busy, old = core.site(), core.site(), core.site()
    opened = open_at(core, core.person())
    core.code(opened.cookie, old)
    core.time.move(DAY)
    people = [open_at(core, core.person()) for _ in range(3)]
    for one in people:
        core.code(one.cookie, busy)
        core.time.move(HOUR // 2)
    core.code(people[2].cookie, quiet)
    assert presence(core).clients == ((busy.client_id, 3), (quiet.client_id, 1))
    assert core.services.sessions.presence(most=1).clients == ((busy.client_id, 3),)


# The indexes


def test_an_ended_session_stands_in_no_index(core: Core) -> None:
    user, shop, forum = core.person(), core.site(), core.site()
    opened = open_at(core, user)
    sid, shard = opened.session.sid, user.shard
    for site in (shop, forum):
        core.code(opened.cookie, site, **ELSEWHERE)
    names = ["seen", "deadlines", f"user-sessions:{user.sub}"]
    names += [f"client-sessions:{site.client_id}" for site in (shop, forum)]
    assert [sid in index(core, shard, name) for name in names] == [True] * len(names)
    core.services.endings.end_session(sid, Reason.LOGOUT, user.sub)
    assert [sid in index(core, shard, name) for name in (*names, "closed")] == [False] * (len(names) + 1)
    assert user.sub not in index(core, shard, "online")
    assert [key for key in core.services.redis.scan(f"sso:{{{shard}}}:*") if sid in key] == [
        f"sso:{{{shard}}}:denied:{sid}"
    ]


def test_a_client_that_leaves_is_in_its_index_no_more(core: Core) -> None:
    user, site = core.person(), core.site()
    opened = open_at(core, user)
    core.code(opened.cookie, site)
    core.services.endings.leave(opened.session.sid, site.client_id, user.sub)
    assert index(core, user.shard, f"client-sessions:{site.client_id}") == {}


def test_the_indexes_know_when_a_session_was_seen(core: Core) -> None:
    user, site = core.person(), core.site()
    opened = open_at(core, user)
    core.code(opened.cookie, site)
    core.time.move(5 * MINUTE)
    core.code(opened.cookie, site)
    sid = opened.session.sid
    for name, member in (
        ("seen", sid),
        ("online", user.sub),
        (f"client-sessions:{site.client_id}", sid),
    ):
        assert float(index(core, user.shard, name)[member]) == core.time.now, name


def test_no_presence_key_stays_for_ever(core: Core) -> None:
    user, site = core.person(), core.site()
    opened = open_at(core, user)
    core.code(opened.cookie, site, **ELSEWHERE)
    core.time.move(MINUTE)
    core.is_alive(site, opened.session.sid)
    again = open_at(core, user, opened.cookie)
    assert list(core.services.redis.keys_without_expiry()) == []
    core.services.endings.end_session(again.session.sid, Reason.LOGOUT, user.sub)
    assert list(core.services.redis.keys_without_expiry()) == []
