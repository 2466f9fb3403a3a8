"""Kept tokens are fresh when needed, with one refresh for all."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter
from tests.client_sdk.kept_tokens.conftest import NewSite, cookies_of, is_good
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.harness.waiting import eventually


def test_an_access_token_is_refreshed_before_it_expires(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    times.move(539)
    assert browser.get(site.url + "/token").text == first
    times.move(2)
    page = browser.get(site.url + "/token")
    assert page.text != first
    assert page.headers["Cache-Control"] == "no-store"
    assert is_good(center, page.text)
    for _ in range(5):
        times.move(60)
        assert browser.get(site.url + "/token").text == page.text
    assert len(center.refreshed) == 1
    times.move(300)
    assert browser.get(site.url + "/token").text not in (first, page.text)
    assert len(set(center.refreshed)) == len(center.refreshed) == 2


def test_a_short_lived_access_token_is_refreshed_in_its_last_fifth(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.token_lifetime = 50
    first = site.sign_in(browser, "/token").text
    times.move(39)
    assert browser.get(site.url + "/token").text == first
    times.move(2)
    assert browser.get(site.url + "/token").text != first


def test_of_fifty_parallel_requests_one_refreshes_and_all_get_the_same(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser, "/token")
    times.move(590)
    go, sent = threading.Event(), threading.Barrier(50)
    center.delay = lambda path: go.wait(60) and None if path == "/token" else None
    tabs = [browser.twin() for _ in range(50)]

    def open_page(tab: Browser) -> str:
        sent.wait(60)
        return tab.get(site.url + "/token").text

    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(open_page, tab) for tab in tabs]
        eventually(lambda: center.requests.count("/token") == 2)
        go.set()
        tokens = {answer.result() for answer in answers}
    assert len(tokens) == 1
    assert len(center.refreshed) == 1
    assert is_good(center, tokens.pop())


def test_a_late_request_with_the_former_tokens_cookie_gets_the_same_tokens(
    cookie_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    cookie_site.sign_in(browser, "/token")
    late = [browser.twin() for _ in range(3)]
    times.move(590)
    fresh = browser.get(cookie_site.url + "/token").text
    for tab in late:
        assert tab.get(cookie_site.url + "/token").text == fresh
        times.move(29)
    assert len(center.refreshed) == 1


def test_late_requests_get_fresh_tokens_even_if_the_kept_result_is_about_to_expire(
    cookie_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.token_lifetime = 60
    cookie_site.sign_in(browser, "/token")
    late = browser.twin()
    times.move(50)
    browser.get(cookie_site.url + "/token")
    times.move(50)
    fresh = browser.get(cookie_site.url + "/token").text
    assert late.get(cookie_site.url + "/token").text == fresh
    assert len(center.refreshed) == 2


def test_renew_access_token_replaces_a_refused_token(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    tabs = [browser.twin() for _ in range(10)]
    center.revoke(first)
    with ThreadPoolExecutor(10) as pool:
        others = set(pool.map(lambda tab: tab.get(f"{site.url}/another-token?refused={first}").text, tabs))
    assert len(others) == 1
    assert first not in others
    assert len(center.refreshed) == 1
    assert is_good(center, others.pop())


def test_the_sites_own_api_renews_a_revoked_access_token(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    center.revoke(site.sign_in(browser, "/token").text)
    assert browser.get(site.url + "/api").text == "alice"
    assert len(center.refreshed) == 1
    assert browser.get(site.url + "/api").text == "alice"
    assert len(center.refreshed) == 1, "the browser keeps the new one"


def test_without_a_refresh_token_no_other_access_token_is_given(
    new_site: NewSite, center: FakeCenter, browser: Browser
) -> None:
    site = new_site(keep_tokens=True)
    first = site.sign_in(browser, "/token").text
    assert browser.get(f"{site.url}/another-token?refused={first}").text == ""
    center.revoke(first)
    refused = browser.get(site.url + "/api")
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert browser.get(site.url + "/public").text == "alice"


def test_a_refused_refresh_stays_refused_while_the_center_is_away(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    center.is_away = True
    assert browser.get(site.url + "/token").text == first
    assert browser.get(f"{site.url}/another-token?refused={first}").status == 503


def test_a_refresh_token_that_stays_the_same_goes_on_refreshing(
    cookie_site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    center.token_lifetime = 60
    answers = [
        HttpResponse(200, json.dumps({"access_token": f"token {n}", "expires_in": 60}).encode())
        for n in range(3)
    ]
    cookie_site.sign_in(browser, "/token")
    whole = center.answer
    monkeypatch.setattr(
        center, "answer", lambda m, path, body: answers.pop(0) if path == "/token" else whole(m, path, body)
    )
    seen = []
    for _ in range(3):
        times.move(55)
        seen.append(browser.get(cookie_site.url + "/token").text)
    assert seen == ["token 0", "token 1", "token 2"]


def test_another_process_gets_the_same_refreshed_tokens(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    with site.another_process() as url:
        site.sign_in(browser, "/token")
        other = browser.twin()
        times.move(590)
        fresh = browser.get(site.url + "/token").text
        assert other.get(url + "/token").text == fresh
        times.move(590)
        assert other.get(url + "/token").text == browser.get(site.url + "/token").text


def test_a_refused_refresh_ends_the_local_session(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser, "/token")
    thief = browser.twin()
    center.revoke(*center._tokens._refresh)
    times.move(590)
    page = browser.get(site.url + "/token")
    assert page.status == 303
    assert "/authorize" in page.location
    assert site.cookie not in cookies_of(site, browser)
    assert browser.get(site.url + "/public").text == "nobody"
    script = thief.get(site.url + "/token", headers={"Accept": "application/json"})
    assert script.status == 401
    assert '"login_required"' in script.text
    # The person still has their global session: the new login takes no typing.
    fresh = browser.follow(browser.get(site.url + "/token"))
    assert is_good(center, fresh.text)


def test_a_center_that_is_away_ends_nothing_and_the_old_token_goes_on_until_its_end(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    times.move(560)
    assert browser.get(site.url + "/public").text == "alice"
    center.is_away = True
    for _ in range(5):
        assert browser.get(site.url + "/token").text == first
        times.move(0.1)
    assert center.requests.count("/token") == 2, (
        "it hangs nobody: after a failure it is left alone for a second"
    )
    # Keep the session itself proved while the token's end passes.
    center.is_away = False
    times.move(20)
    assert browser.get(site.url + "/public").text == "alice"
    center.is_away = True
    times.move(20)
    page = browser.get(site.url + "/token")
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert not page.set_cookies
    center.is_away = False
    times.move(2)
    assert is_good(center, browser.get(site.url + "/token").text)


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(500, b""),
        HttpResponse(429, b"{}"),
        HttpResponse(200, b"{}"),
        HttpResponse(200, b'{"access_token": 7}'),
        HttpResponse(200, b'{"access_token": "x", "expires_in": "soon"}'),
        HttpResponse(200, b"nonsense"),
        HttpResponse(401, b'{"error": "invalid_client"}'),
        HttpResponse(400, b'{"error": "unauthorized_client"}'),
        HttpResponse(403, b'{"error": "invalid_grant"}'),
    ],
)
def test_only_invalid_grant_ends_the_session_at_refresh(
    cookie_site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    answer: HttpResponse,
) -> None:
    first = cookie_site.sign_in(browser, "/token").text
    times.move(560)
    whole = center.answer
    monkeypatch.setattr(
        center, "answer", lambda m, path, body: answer if path == "/token" else whole(m, path, body)
    )
    assert browser.get(cookie_site.url + "/token").text == first


def test_an_expired_access_token_without_refresh_token_needs_a_login(
    new_site: NewSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site = new_site(keep_tokens=True)
    first = site.sign_in(browser, "/token").text
    times.move(590)
    assert browser.get(site.url + "/token").text == first
    times.move(11)
    assert browser.get(site.url + "/token", headers={"Accept": "application/json"}).status == 401
    page = browser.get(site.url + "/token?a=b")
    assert "/authorize" in page.location
    assert site.cookie in cookies_of(site, browser), "nobody was signed out"
    fresh = browser.follow(page)
    assert fresh.url == site.url + "/token?a=b"
    assert is_good(center, fresh.text)


def test_a_failed_login_makes_no_redirect_loop(
    new_site: NewSite, center: FakeCenter, browser: Browser
) -> None:
    center.token_lifetime = 0
    page = new_site(keep_tokens=True).sign_in(browser, "/token")
    assert page.status == 503
    assert page.headers["Retry-After"]


def test_a_session_ended_just_after_its_login_is_sent_to_a_new_login(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    center.log_out()
    page = browser.get(f"{site.url}/another-token?refused={first}")
    assert "/authorize" in page.location


def test_a_session_from_before_keep_tokens_is_sent_to_the_center(
    new_site: NewSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    new_site(client_id="changed").sign_in(browser)
    site = new_site(client_id="changed", keep_tokens=True)
    times.move(11)
    assert is_good(center, browser.follow(browser.get(site.url + "/token")).text)
