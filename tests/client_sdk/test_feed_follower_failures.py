"""Following where the center, the network or the process makes it hard."""

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

from client_sdk.core.endings import stream_listener as listener
from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter
from tests.client_sdk.followed_sites import caught_up, followed, is_in, listens, sdk_of
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.harness.waiting import eventually


@pytest.fixture
def site(new_site: Callable[..., RunningSite]) -> RunningSite:
    """A site that follows."""
    return followed(new_site(follow=True))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"[]",
        b'{"position": "a:1", "is_whole": true, "endings": [{}]}',
        b"x" * 2_000_000,
    ],
    ids=["list", "event", "endless"],
)
def test_an_unreadable_feed_answer_makes_no_view_fresh(
    site: RunningSite, center: FakeCenter, times: Times, nonsense: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = sdk_of(site)
    with monkeypatch.context() as patched:
        patched.setattr(center.journal, "answer", lambda _: HttpResponse(200, nonsense))
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
    monkeypatch.setattr(center.journal, "answer", lambda _: HttpResponse(401, b'{"error": "invalid_client"}'))
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
    for reports in (1, 2):
        for _ in range(7):
            assert is_in(site, browser)
            times.move(10)
            caught_up(site)
        eventually(lambda reports=reports: len(center.asked) == reports)
    assert center.asked == [[sid]] * 2


def test_a_session_reported_as_used_and_ended_is_over(
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
    stream = center.journal.stream
    monkeypatch.setattr(center.journal, "stream", lambda after: begun.append(after) or stream(after))
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


def test_a_left_session_that_is_joined_again_counts_in_every_process(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(site.sign_in(browser).text)["sid"]
    with site.another_process() as url:
        eventually(lambda: browser.get(url + "/public").text == "alice")
        center.leave(sid, site.client_id)
        eventually(lambda: browser.get(url + "/public").text == "nobody")
        site.sign_in(browser)
        assert is_in(site, browser)
        assert browser.get(url + "/public").text == "alice", (
            "one process holds on to what the center took back"
        )


def test_a_fork_that_python_does_not_know_of_is_noticed(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    child = os.fork()
    if child == 0:
        try:
            # As after uWSGI's own fork: the parent's knowledge and pid, and none of its threads.
            from client_sdk.core.threads import fork

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


def test_the_followers_threads_end_with_the_site(center: FakeCenter, times: Times) -> None:
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
