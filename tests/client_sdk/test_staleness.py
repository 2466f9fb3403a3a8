"""How long a site may go without asking whether a session still counts, and what it does when it can't."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from client_sdk.core import clock as clocks
from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.view import View
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.liveness.decision import Verdict, decide
from client_sdk.core.liveness.session_checker import PARALLEL
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.position import Moment, Position
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.followed_sites import sdk_of
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.harness.waiting import eventually


def test_a_session_is_asked_about_once_in_thirty_seconds(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    each_site.sign_in(browser)
    times.move(29)
    assert browser.get(each_site.url + "/").status == 200
    assert not center.asked
    for _ in range(3):
        times.move(30)
        assert [browser.get(each_site.url + "/").status for _ in range(3)] == [200] * 3
    assert len(center.asked) == 3


def test_an_ended_session_is_over_within_thirty_seconds(
    each_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    each_site.sign_in(browser)
    center.log_out()
    times.move(30)
    page = browser.get(each_site.url + "/")
    assert page.status == 303
    assert "/authorize" in page.location
    center.is_away = True
    assert browser.get(each_site.url + "/", headers={"Accept": "application/json"}).status == 401


@pytest.mark.parametrize("trouble", ["away", "error", "nonsense", "silence", "refused"])
def test_a_session_gets_503_and_keeps_its_cookie_while_the_center_is_away(
    each_site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    each_site.sign_in(browser)
    times.move(31)
    answers = {
        "away": HttpResponse(503, b""),
        "error": HttpResponse(500, b"trace"),
        "nonsense": HttpResponse(200, b'{"sids": {"other": "alive"}}'),
        "silence": HttpResponse(200, b"{}"),
        "refused": HttpResponse(401, b'{"error": "invalid_client"}'),
    }
    with monkeypatch.context() as patched:
        patched.setattr(center, "answer", lambda *_: answers[trouble])
        page = browser.get(each_site.url + "/?a=1")
        script = browser.get(each_site.url + "/", headers={"Accept": "application/json"})
        assert browser.get(each_site.url + "/public").text == "nobody"
    assert (page.status, script.status) == (503, 503)
    assert script.text == '{"error": "temporarily_unavailable"}'
    assert 'href="/?a=1"' in page.text
    for answer in (page, script):
        assert answer.headers["Retry-After"]
        assert not answer.set_cookies
    times.move(1.1)
    assert browser.get(each_site.url + "/").status == 200


def test_a_center_that_hangs_does_not_hang_the_site(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    times.move(31)
    center.is_away = True
    assert [browser.get(site.url + "/").status for _ in range(5)] == [503] * 5
    # A repeatable question goes out again once when its connection broke; a refusal is remembered a second.
    assert center.requests.count("/endings/check") == 1


def test_fail_open_serves_people_while_the_center_is_away(
    new_site: Callable[..., RunningSite], center: FakeCenter, times: Times, browser: Browser
) -> None:
    site = new_site(fail_open=True)
    site.sign_in(browser)
    center.is_away = True
    times.move(31)
    assert browser.get(site.url + "/").status == 200
    center.is_away = False
    center.log_out()
    times.move(2)
    assert browser.get(site.url + "/").status == 303


def test_a_check_answer_ages_from_sending(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    times.move(31)
    center.delay = lambda path: times.move(10) if "check" in path else None
    assert browser.get(site.url + "/").status == 200
    center.delay = None
    times.move(19.5)
    assert browser.get(site.url + "/").status == 200
    assert len(center.asked) == 1
    times.move(0.6)
    assert browser.get(site.url + "/").status == 200
    assert len(center.asked) == 2


def test_a_login_proves_the_session_from_when_its_code_was_sent(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.delay = lambda path: times.move(20) if path == "/token" else None
    site.sign_in(browser)
    center.delay = None
    times.move(10)
    browser.get(site.url + "/")
    assert len(center.asked) == 1


def test_a_late_answer_of_the_center_does_not_count(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    times.move(31)
    center.delay = lambda path: times.move(31)
    assert browser.get(site.url + "/").status == 503


def test_an_event_during_a_session_check_repeats_the_check(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    times.move(31)
    view, news = sdk_of(site)._view, [Ending(Kind.ROLE, Position("a", 1), name="another")]
    center.delay = lambda _: view.apply_event(news.pop(), times.clock.steady()) and None if news else None
    assert browser.get(site.url + "/").status == 200
    assert len(center.asked) == 2


def test_many_requests_of_one_session_ask_once(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    times.move(31)
    waiting, go = _Counter(), threading.Event()
    center.delay = lambda path: go.wait(60) and None
    tabs = [browser.twin() for _ in range(20)]

    def open_page(tab: Browser) -> int:
        waiting.add()
        return tab.get(site.url + "/").status

    with ThreadPoolExecutor(20) as pool:
        pages = [pool.submit(open_page, tab) for tab in tabs]
        eventually(lambda: waiting.count == 20 and center.requests.count("/endings/check"))
        go.set()
        assert [page.result() for page in pages] == [200] * 20
    assert center.requests.count("/endings/check") == 1
    for tab in tabs:
        tab.close()


@pytest.fixture
def crowd(
    new_site: Callable[..., RunningSite], center: FakeCenter, new_browser: Callable[[], Browser]
) -> list[Browser]:
    """Twenty-four browsers with people signed in at the site `crowded`."""
    site = new_site(client_id="crowded")
    browsers = [new_browser() for _ in range(24)]
    for number, browser in enumerate(browsers):
        center.log_in(Person(f"person{number}"))
        site.sign_in(browser)
    return browsers


def all_at_once(site: RunningSite, center: FakeCenter, crowd: list[Browser], *, away: bool) -> list[str]:
    """Return the public page as each of the crowd gets it, after all of them came at the same time."""
    go = threading.Event()
    center.delay = lambda path: go.wait(60) and None
    with ThreadPoolExecutor(len(crowd)) as pool:
        pages = [pool.submit(browser.get, site.url + "/public") for browser in crowd]
        eventually(lambda: len(site.app.extensions["sso"]._asker._waiting) == len(crowd) - PARALLEL)
        center.is_away = away
        go.set()
        return [page.result().text for page in pages]


def test_many_sessions_after_a_restart_share_questions(
    new_site: Callable[..., RunningSite], center: FakeCenter, crowd: list[Browser]
) -> None:
    pages = all_at_once(new_site(client_id="crowded"), center, crowd, away=False)
    assert pages == [f"person{number}" for number in range(24)]
    assert len(center.asked) <= PARALLEL + 2
    assert sum(len(asked) for asked in center.asked) == 24


def test_waiting_session_checks_share_one_failure(
    new_site: Callable[..., RunningSite], center: FakeCenter, crowd: list[Browser]
) -> None:
    pages = all_at_once(new_site(client_id="crowded"), center, crowd, away=True)
    assert pages == ["nobody"] * 24
    assert center.requests.count("/endings/check") == PARALLEL


def test_the_steady_clock_runs_while_the_machine_sleeps() -> None:
    assert clocks._STEADY == time.CLOCK_BOOTTIME


# The decision itself, from memory alone


SESSION = LocalSession(User.from_claims("sid", {"sub": "sub"}), issued_at=100, opened_at=0, expires_at=1000)


def verdict(view: View, *, wall: int = 0, steady: int = 0) -> Verdict:
    return decide(SESSION, view, wall=wall, steady=steady, max_staleness=30)


def proved(at: int, capacity: int = 100) -> View:
    view = View(capacity=capacity)
    view.prove("sid", Moment(at))
    return view


def test_only_a_recent_check_answer_counts() -> None:
    assert verdict(View()) is Verdict.ASK
    assert verdict(proved(5), steady=5) is Verdict.COUNTS
    assert verdict(proved(5), steady=34) is Verdict.COUNTS
    assert verdict(proved(5), steady=35) is Verdict.ASK
    assert verdict(proved(5), steady=4) is Verdict.ASK, "a proof from the future is none"
    assert verdict(proved(5), wall=1000, steady=5) is Verdict.EXPIRED


def test_the_views_latest_knowledge_wins() -> None:
    view = proved(5)
    view.end_session("sid", 6)
    assert verdict(view, steady=6) is Verdict.ENDED
    view.prove("sid", Moment(6))
    view.prove("sid", Moment(3))
    assert verdict(view, steady=6) is Verdict.ENDED, "an answer to an older question changes nothing"
    view.prove("sid", Moment(7))
    assert verdict(view, steady=7) is Verdict.COUNTS
    view.prove("sid", Moment(1))
    assert verdict(view, steady=36) is Verdict.COUNTS, "an older proof does not replace a newer"


@pytest.mark.parametrize(
    ("cut_off", "expected"),
    [(99_999, Verdict.COUNTS), (100_000, Verdict.ASK), (100_998, Verdict.ASK), (100_999, Verdict.ENDED)],
)
def test_a_cut_off_counts_for_what_was_issued_until_then(cut_off: int, expected: Verdict) -> None:
    view = proved(5)
    view.cut_off_user("sub", cut_off, 5)
    view.cut_off_user("sub", 1, 5)
    assert verdict(view, steady=5) is expected


def test_an_evicted_ending_is_asked_about_again() -> None:
    view = proved(5, capacity=3)
    view.end_session("sid", 6)
    for number in range(3):
        view.end_session(f"other {number}", 7)
    view.prove("sid", Moment(5))
    assert verdict(view, steady=7) is Verdict.ASK, "an answer from before the ending came in late"
    view.prove("sid", Moment(8))
    assert verdict(view, steady=8) is Verdict.COUNTS


def test_the_lru_is_bounded() -> None:
    view = View(capacity=100)
    for number in range(1000):
        view.prove(f"{number}", Moment(number))
        view.cut_off_user(f"{number}", 1, number)
        view.end_session(f"{number}", number)
    assert max(len(kept) for kept in (view._proofs, view._sessions, view._users)) <= 100


def test_a_forked_process_knows_nothing_for_certain() -> None:
    view = proved(5)
    view.end_session("other", 5)
    view.after_fork()
    assert verdict(view, steady=5) is Verdict.ASK


class _Counter:
    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.count += 1
