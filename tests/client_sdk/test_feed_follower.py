"""A site that follows the center's feed: no questions while it does, and nobody is accepted too late."""

import json
from collections.abc import Callable

import pytest

from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.followed_sites import caught_up, followed, is_in, listens, sdk_of
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

MAX_STALENESS = 30_000


@pytest.fixture(params=["cookie", "redis"])
def each_site(request: pytest.FixtureRequest, new_site: Callable[..., RunningSite]) -> RunningSite:
    """A site that follows, for each kind of local session."""
    if request.param == "cookie":
        return followed(new_site(follow=True))
    return followed(new_site(follow=True, sessions=request.getfixturevalue("store").url))


@pytest.fixture
def site(new_site: Callable[..., RunningSite]) -> RunningSite:
    """A site that follows."""
    return followed(new_site(follow=True))


def test_a_followed_session_is_not_asked_about(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    each_site.sign_in(browser)
    for _ in range(5):
        times.move(10)
        caught_up(each_site)
        assert browser.get(each_site.url + "/").status == 200
    assert not center.asked


def test_an_ending_that_is_streamed_counts_at_once(
    each_site: RunningSite, center: FakeCenter, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    each_site.sign_in(browser)
    other = new_browser()
    center.log_in(Person("bob"))
    each_site.sign_in(other)
    listens(each_site)
    polls = len(center.feed_asked)
    center.end(json.loads(browser.get(each_site.url + "/").text)["sid"])
    eventually(lambda: not is_in(each_site, browser))
    assert is_in(each_site, other)
    assert len(center.feed_asked) == polls
    assert not center.asked


def test_an_ending_of_the_feed_removes_sessions_from_redis(
    new_site: Callable[..., RunningSite], store: ValkeyServer, center: FakeCenter, browser: Browser
) -> None:
    site = followed(new_site(follow=True, sessions=store.url))
    sid = json.loads(site.sign_in(browser).text)["sid"]
    center.end(sid)
    with store.client() as client:
        key = f"sso-sdk:{{{site.client_id}}}:sid:{sid}"
        eventually(lambda: set(client.hgetall(key)) <= {"ended", b"ended"})


def test_without_a_stream_the_next_poll_ends_the_session(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    with monkeypatch.context() as patched:
        # As behind a proxy that doesn't stream.
        patched.setattr(center.journal, "stream", lambda _: HttpResponse(200, b"{}"))
        other = followed(RunningSite(center, times, follow=True, client_id=site.client_id))
        assert is_in(other, browser)
        center.log_out()
        times.move(10)
        caught_up(other)
        assert not is_in(other, browser)
        other.close()


@pytest.mark.parametrize("way", ["user", "role", "client", "everyone"])
def test_a_cut_off_ends_what_was_stamped_before(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    browser: Browser,
    new_browser: Callable[[], Browser],
    way: str,
) -> None:
    site = followed(new_site(follow=True))
    other = new_browser()
    center.log_in(Person("bob", roles=("guest",)))
    site.sign_in(other)
    center.log_in(Person("alice", roles=("staff",)))
    site.sign_in(browser)
    center.cut_off(
        **{
            "user": {"sub": "sub-of-alice"},
            "role": {"role": "staff"},
            "client": {"client_id": site.client_id},
            "everyone": {},
        }[way]
    )
    caught_up(site)
    assert not is_in(site, browser)
    assert is_in(site, other) == (way in ("user", "role"))
    center.log_in(Person("alice", roles=("staff",)))
    site.sign_in(browser)
    assert is_in(site, browser)


def test_a_site_that_left_a_session_asks_the_center_again(
    each_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    center.leave(sid, "another")
    caught_up(each_site)
    assert is_in(each_site, browser), "another site was left"
    center.leave(sid, each_site.client_id)
    caught_up(each_site)
    assert not is_in(each_site, browser)
    each_site.sign_in(browser)
    assert is_in(each_site, browser)


def test_a_user_who_changed_is_asked_about_once(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    center.describe(Person("alice", roles=("nothing",)))
    caught_up(site)
    for _ in range(4):
        assert is_in(site, browser)
        times.move(10)
        caught_up(site)
    assert len(center.asked) <= 2


def test_a_short_outage_of_the_center_is_not_noticed(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    each_site.sign_in(browser)
    caught_up(each_site)
    center.is_away = True
    for _ in range(19):
        times.move(1)
        assert browser.get(each_site.url + "/").status == 200
    times.move(11)
    assert browser.get(each_site.url + "/").status == 503
    center.is_away = False
    times.move(2)
    caught_up(each_site)
    assert browser.get(each_site.url + "/").status == 200


@pytest.mark.parametrize("is_away", [True, False], ids=["center away", "center there"])
def test_another_process_accepts_nothing_once_thirty_seconds_have_passed(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser, is_away: bool
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    with each_site.another_process() as url:
        assert browser.get(url + "/public").text == "alice"
        center.is_away = is_away
        center.end(sid)
        ended_at = times.clock.steady()
        for _ in range(35):
            asked_at = times.clock.steady()
            if browser.get(url + "/public").text != "nobody":
                assert asked_at - ended_at < MAX_STALENESS
            times.move(1)
        assert times.clock.steady() - ended_at > MAX_STALENESS
        center.is_away = False
        times.move(2)
        assert "/authorize" in eventually(lambda: browser.get(url + "/").location)


def test_the_views_freshness_counts_from_sending(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    feed = center.journal.answer

    def late(query: str) -> HttpResponse:
        answer = feed(query)
        times.move(29)
        center.is_away = True
        return answer

    monkeypatch.setattr(center.journal, "answer", late)
    caught_up(site)
    eventually(lambda: sdk_of(site)._follower._failures)
    times.move(0.5)
    assert browser.get(site.url + "/").status == 200
    times.move(0.6)
    assert browser.get(site.url + "/").status == 503


def test_a_lineage_that_changed_lets_each_session_be_asked_about_once(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    center.journal.begin_anew()
    caught_up(site)
    for _ in range(5):
        times.move(10)
        caught_up(site)
        assert is_in(site, browser)
    assert len(center.asked) == 1


def test_a_cut_off_without_a_stamp_is_asked_about(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    listens(site)
    with monkeypatch.context() as patched:
        patched.setattr(center.journal, "session_ended", lambda *_: None)
        center.log_out()
    center.journal.skip(5)
    center.journal.forget()
    times.move(30)
    caught_up(site)
    assert not is_in(site, browser)


def test_a_login_proves_the_session_where_the_view_was_when_its_code_was_sent(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    def move_on(path: str) -> None:
        if path == "/token":
            center.journal.skip(5)
            center.journal.forget()
            caught_up(each_site)

    center.delay = move_on
    each_site.sign_in(browser)
    center.delay = None
    for _ in range(4):
        times.move(10)
        caught_up(each_site)
        assert is_in(each_site, browser)
    assert len(center.asked) == 1
