"""A site that follows the center's feed: no questions while it does, and nobody is accepted too late."""

import gc
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from client_sdk.core import listener
from client_sdk.core.site import Site
from client_sdk.core.transport import HttpResponse
from client_sdk.testing import FakeCenter, Person
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


def sdk_of(site: RunningSite) -> Site:
    sdk: Site = site.app.extensions["sso"]
    return sdk


def followed(site: RunningSite) -> RunningSite:
    """Wait until a site knows where the feed is."""
    site.app.test_client().get("/public")
    caught_up(site)
    return site


def caught_up(site: RunningSite) -> None:
    """Have the site ask for news, and wait until it has taken in what was recorded before now."""
    sdk, now = sdk_of(site), sdk_of(site)._clock.steady()
    sdk._follower.poll_soon()
    eventually(lambda: (sdk._view.fresh_as_of or 0) >= now)


def listens(site: RunningSite) -> None:
    eventually(lambda: sdk_of(site)._follower._listener._stream is not None)


def is_in(site: RunningSite, browser: Browser) -> bool:
    return browser.get(site.url + "/public").text != "nobody"


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


def test_an_ending_that_is_heard_of_takes_stored_sessions_out_of_redis(
    new_site: Callable[..., RunningSite], store: ValkeyServer, center: FakeCenter, browser: Browser
) -> None:
    site = followed(new_site(follow=True, sessions=store.url))
    sid = json.loads(site.sign_in(browser).text)["sid"]
    center.end(sid)
    with store.client() as client:
        key = f"sso-sdk:{{{site.client_id}}}:sid:{sid}"
        eventually(lambda: set(client.hgetall(key)) <= {"ended", b"ended"})


def test_without_a_stream_the_next_poll_ends_it(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    with monkeypatch.context() as patched:
        # As behind a proxy that doesn't stream.
        patched.setattr(center, "_stream", lambda _: HttpResponse(200, b"{}"))
        other = followed(RunningSite(center, times, follow=True, client_id=site.client_id))
        assert is_in(other, browser)
        center.log_out()
        times.move(10)
        caught_up(other)
        assert not is_in(other, browser)
        other.close()


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "polled"])
@pytest.mark.parametrize("way", ["user", "role", "client", "everyone"])
def test_a_cut_off_ends_what_was_stamped_before(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    browser: Browser,
    new_browser: Callable[[], Browser],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    stream: bool,
) -> None:
    if not stream:
        monkeypatch.setattr(center, "_stream", lambda _: HttpResponse(503, b""))
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


def test_a_site_that_was_left_asks_and_learns(
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


def test_freshness_is_counted_from_sending(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    feed = center._feed

    def late(after: str | None) -> HttpResponse:
        answer = feed(after)
        times.move(29)
        center.is_away = True
        return answer

    monkeypatch.setattr(center, "_feed", late)
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
    for _ in range(6):
        times.move(10)
        caught_up(site)
        assert is_in(site, browser)
    assert sum(len(asked) for asked in center.asked) == 2, "once for the lineage, once to report the use"


def test_what_can_not_be_told_is_asked(
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


@pytest.mark.parametrize(
    "nonsense",
    [
        b"[]",
        b'{"position": "a", "is_whole": true, "endings": []}',
        b'{"position": "a:1", "is_whole": 1, "endings": []}',
        b'{"position": "a:1", "is_whole": true, "endings": {}}',
        b'{"position": "a:1", "is_whole": true, "endings": [{}]}',
        b'{"position": "a:1", "is_whole": true, "endings": ["x"]}',
        b"x" * 2_000_000,
    ],
    ids=["list", "position", "whole", "endings", "empty event", "text", "endless"],
)
def test_an_answer_that_can_not_be_read_makes_nothing_fresh(
    site: RunningSite, center: FakeCenter, times: Times, nonsense: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = sdk_of(site)
    with monkeypatch.context() as patched:
        patched.setattr(center, "_feed", lambda _: HttpResponse(200, nonsense))
        times.move(5)
        now = times.clock.steady()
        sdk._follower.poll_soon()
        eventually(lambda: sdk._follower._trouble == "center_malformed")
        assert (sdk._view.fresh_as_of or 0) < now
    caught_up(site)


def test_an_older_center_is_asked_about_each_session(
    new_site: Callable[..., RunningSite], center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.has_feed = False
    site = new_site(follow=True)
    site.sign_in(browser)
    eventually(lambda: sdk_of(site)._follower._trouble == "feed_missing")
    for _ in range(3):
        times.move(30)
        assert is_in(site, browser)
    assert len(center.asked) == 3
    assert len(center.feed_asked) == 1, "tried again too soon"
    center.has_feed = True
    times.move(600)
    assert is_in(site, browser)
    eventually(lambda: sdk_of(site)._view.fresh_as_of)


def test_a_center_that_refuses_the_client_is_logged_once(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(center, "_feed", lambda _: HttpResponse(401, b'{"error": "invalid_client"}'))
    site = new_site(follow=True)
    site.app.test_client().get("/public")
    for wanted in range(1, 4):
        eventually(lambda wanted=wanted: len(center.feed_asked) >= wanted)
        sdk_of(site)._follower.poll_soon()
    said = [r for r in caplog.records if "can't be followed" in r.getMessage()]
    assert len(said) == 1
    assert "center_refused_client" in said[0].getMessage()


def test_sessions_in_use_are_reported_once_a_minute(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    sid = json.loads(site.sign_in(browser).text)["sid"]
    for _ in range(13):
        caught_up(site)
        assert is_in(site, browser)
        times.move(10)
    caught_up(site)
    eventually(lambda: len(center.asked) == 2)
    assert center.asked == [[sid]] * 2


def test_what_the_report_is_told_ended_is_over(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    monkeypatch.setattr(center.journal, "session_ended", lambda *_: None)
    center.log_out()
    for _ in range(6):
        caught_up(site)
        browser.get(site.url + "/public")
        times.move(11)
    caught_up(site)
    eventually(lambda: not is_in(site, browser))


def test_a_silent_stream_is_given_up_and_begun_anew(
    new_site: Callable[..., RunningSite], center: FakeCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "SILENCE", 0.2)
    monkeypatch.setattr(listener, "FIRST_PAUSE", 0.01)
    begun: list[str | None] = []
    stream = center._stream
    monkeypatch.setattr(center, "_stream", lambda after: begun.append(after) or stream(after))
    followed(new_site(follow=True))
    eventually(lambda: len(begun) >= 3)


def test_a_forked_process_follows_by_itself(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    polls = len(center.feed_asked)
    with site.another_process() as url:
        assert browser.get(url + "/public").text == "alice"
        assert len(center.asked) == 1, "the child took the parent's word"
        eventually(lambda: len(center.feed_asked) > polls)
        center.log_out()
        eventually(lambda: browser.get(url + "/public").text == "nobody")
    assert len(center.asked) == 1


def test_a_fork_that_python_does_not_know_of_is_noticed(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    child = os.fork()
    if child == 0:
        try:
            # As after uWSGI's own fork: the parent's knowledge and pid, and none of its threads.
            from client_sdk.core import fork

            fork._renewed_in = 1
            sdk = sdk_of(site)
            sdk._follower._due = float("inf")
            sdk.standing(f"{site.cookie}={browser.cookies_for('127.0.0.1')[site.cookie]}", "http")
            deadline = time.monotonic() + 20
            while sdk._view.fresh_as_of is None and time.monotonic() < deadline:
                time.sleep(0.02)
            os._exit(0 if sdk._view.fresh_as_of else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_its_threads_end_with_the_site(center: FakeCenter, times: Times) -> None:
    def threads() -> int:
        return sum(thread.name.startswith("sso-endings") for thread in threading.enumerate())

    eventually(lambda: not threads())
    site = followed(RunningSite(center, times, follow=True))
    listens(site)
    assert threads() == 2
    site._server.shutdown()
    site._server.server_close()
    del site
    eventually(lambda: gc.collect() is not None and not threads())


@pytest.mark.parametrize("options", [{}, {b"threads": b"1"}, {"enable-threads": True}])
def test_in_uwsgi_without_threads_sessions_are_asked_about(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    times: Times,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: dict[bytes, bytes],
) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    site = new_site(follow=True)
    site.sign_in(browser)
    times.move(31)
    assert is_in(site, browser)
    said = [record for record in caplog.records if "enable-threads" in record.getMessage()]
    if options:
        eventually(lambda: center.feed_asked)
        assert not said
    else:
        assert len(said) == 1
        assert not center.feed_asked
        assert len(center.asked) == 1


def test_where_no_thread_can_be_started_sessions_are_asked_about(
    new_site: Callable[..., RunningSite],
    center: FakeCenter,
    times: Times,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = new_site(follow=True)
    client = site.app.test_client()

    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("sso-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        center.sign_in(client)
        times.move(31)
        assert client.get("/public").text == "alice"
    assert len(center.asked) == 1
    said = [r for r in caplog.records if "can't start new thread" in r.getMessage()]
    assert len(said) == 1
    assert said[0].levelno == logging.WARNING


def test_following_can_be_switched_off(
    new_site: Callable[..., RunningSite], center: FakeCenter, times: Times, browser: Browser
) -> None:
    site = new_site(follow=False)
    site.sign_in(browser)
    times.move(31)
    assert is_in(site, browser)
    assert not center.feed_asked
    assert len(center.asked) == 1


# Tokens at an API


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
@pytest.mark.parametrize("way", ["session", "left", "user", "change", "client", "role", "everyone", "jti"])
def test_an_api_drops_what_it_knows_of_a_token_when_it_hears_of_its_end(
    new_site: Callable[..., RunningSite], center: FakeCenter, way: str, kind: str
) -> None:
    site = new_site(follow=True, token_cache=300)
    sid = center.log_in(Person("alice", roles=("staff",)))
    token = center.access_token("app", audience=site.client_id, kind=kind)
    other = center.client_token("robot", audience=site.client_id)

    def answers(text: str) -> int:
        headers = {"Authorization": f"Bearer {text}"}
        return Browser().get(site.url + "/api", headers=headers).status

    assert (answers(token), answers(other)) == (200, 200)
    caught_up(site)
    assert (answers(token), answers(other)) == (200, 200)
    asked = len(center.tokens_asked)
    ways: dict[str, Callable[[], object]] = {
        "session": lambda: center.end(sid),
        "left": lambda: center.leave(sid, "app"),
        "user": lambda: center.cut_off(sub="sub-of-alice"),
        "change": lambda: center.describe(Person("alice")),
        "client": lambda: center.cut_off(client_id="app"),
        "role": lambda: center.cut_off(role="staff"),
        "everyone": lambda: center.cut_off(),
        "jti": lambda: center.revoke(token),
    }
    ways[way]()
    caught_up(site)
    assert answers(token) == (200 if way == "change" else 401)
    assert answers(other) == 200
    assert center.tokens_asked[asked:].count(token) == 1
