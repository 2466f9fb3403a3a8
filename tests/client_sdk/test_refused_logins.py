"""Answers of the center that never become a session: each is told on a page, none is tried again."""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

import pytest

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing import FakeCenter
from client_sdk.testing.wire import discovery
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser, Page


def came_back(site: RunningSite, browser: Browser, path: str = "/?kept=1") -> str:
    """Begin a login and return the address that the center sends the browser back to."""
    return browser.get(browser.get(site.url + path).location).location


def assert_refused(site: RunningSite, browser: Browser, page: Page, code: str, log: str) -> None:
    """Check that a page was refused for `code`, opened no session, and offers a new login."""
    assert page.status == 400
    assert "Location" not in page.headers
    assert 'href="/sso/login?next=' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert f" {code}: " in log
    assert site.cookie not in browser.cookies_for("127.0.0.1")


def test_a_refused_code_is_shown_and_never_redeemed_again(
    each_site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    bad = came_back(each_site, browser) + "spoilt"
    bad = bad.replace("code=", "code=not-")
    page = browser.get(bad)
    assert_refused(each_site, browser, page, "login_grant_refused", caplog.text)
    assert center.requests.count("/token") == 1
    assert "kept%3D1" in page.text
    again = browser.get(bad)
    assert again.status == 400
    assert center.requests.count("/token") == 1


def test_a_new_login_after_a_refused_one_works(site: RunningSite, browser: Browser) -> None:
    page = browser.get(came_back(site, browser).replace("code=", "code=not-"))
    link = page.text.partition('href="')[2].partition('"')[0]
    assert '"kept=1"' in browser.follow(browser.get(site.url + link)).text


def test_an_answer_meant_for_another_browser_is_refused(
    site: RunningSite,
    center: FakeCenter,
    new_browser: Callable[[], Browser],
    caplog: pytest.LogCaptureFixture,
) -> None:
    attacker, victim = new_browser(), new_browser()
    planted = came_back(site, attacker)
    assert_refused(site, victim, victim.get(planted), "login_unknown_attempt", caplog.text)
    victim.get(site.url + "/")
    assert_refused(site, victim, victim.get(planted), "login_unknown_attempt", caplog.text)
    assert "/token" not in center.requests


def test_an_answer_must_bring_the_whole_state_back(
    site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    address, _, query = came_back(site, browser).partition("?")
    sent = dict(parse_qsl(query))
    # The cookie is called by the beginning of the state only.
    sent["state"] = sent["state"][:-8] + sent["state"][-8:][::-1]
    page = browser.get(f"{address}?{urlencode(sent)}")
    assert_refused(site, browser, page, "login_unknown_attempt", caplog.text)
    assert "/token" not in center.requests


def test_a_cookie_made_by_somebody_else_begins_no_login(
    site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    back = came_back(site, browser)
    for cookie in browser.http.cookies:
        cookie.value = (cookie.value or "")[:-2] + "xx"
    assert_refused(site, browser, browser.get(back), "login_unknown_attempt", caplog.text)


def test_a_login_left_open_too_long_is_refused(
    site: RunningSite, times: Times, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    back = came_back(site, browser)
    times.move(3601)
    assert_refused(site, browser, browser.get(back), "login_unknown_attempt", caplog.text)


@pytest.mark.parametrize("change", ["&iss=http%3A%2F%2Fevil.example", ""])
def test_an_answer_of_another_issuer_is_refused(
    site: RunningSite,
    center: FakeCenter,
    browser: Browser,
    change: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, _, query = came_back(site, browser).partition("?")
    without = "&".join(pair for pair in query.split("&") if not pair.startswith("iss="))
    page = browser.get(f"{address}?{without}{change}")
    assert_refused(site, browser, page, "login_issuer", caplog.text)
    assert "/token" not in center.requests


@pytest.mark.parametrize("extra", ["&code=second", "&state=second", "&iss=second", "&x=1" * 60])
def test_an_answer_with_doubled_or_endless_parameters_is_refused(
    site: RunningSite, center: FakeCenter, browser: Browser, extra: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = browser.get(came_back(site, browser) + extra)
    assert_refused(site, browser, page, "login_malformed", caplog.text)
    assert "/token" not in center.requests


def test_an_answer_without_code_is_refused(
    site: RunningSite, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    page = browser.get(came_back(site, browser).replace("code=", "kode="))
    assert_refused(site, browser, page, "login_malformed", caplog.text)


def test_an_error_of_the_center_is_not_shown_word_for_word(
    site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    center.log_out()
    back = came_back(site, browser) + "&error_description=call+0900+123"
    page = browser.get(back)
    assert_refused(site, browser, page, "login_denied", caplog.text)
    assert "0900" not in page.text


def test_a_center_that_can_not_redeem_a_code_gets_503(
    site: RunningSite, center: FakeCenter, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = came_back(site, browser)
    monkeypatch.setattr(center, "answer", lambda *_: HttpResponse(503, b"{}"))
    page = browser.get(back)
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert center.requests.count("/token") == 1
    assert browser.get(back).status == 400
    assert center.requests.count("/token") == 1


def test_a_wrong_client_secret_is_the_operators_matter(
    site: RunningSite,
    center: FakeCenter,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    back = came_back(site, browser)
    monkeypatch.setattr(center, "answer", lambda *_: HttpResponse(401, b'{"error": "invalid_client"}'))
    page = browser.get(back)
    assert page.status == 400
    assert "not set up correctly" in page.text
    assert " login_client_refused: " in caplog.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"id_token": 7}', b"[" * 100_000])
def test_a_token_answer_that_is_none_is_refused(
    site: RunningSite, center: FakeCenter, browser: Browser, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    back = came_back(site, browser)
    monkeypatch.setattr(center, "answer", lambda *_: HttpResponse(200, body))
    assert browser.get(back).status in (400, 503)
    assert site.cookie not in browser.cookies_for("127.0.0.1")


def test_the_back_button_after_a_login_leads_home(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    back = came_back(site, browser)
    assert browser.follow(browser.get(back)).status == 200
    once_more = browser.get(back)
    assert (once_more.status, once_more.headers["Location"]) == (303, "/")
    assert center.requests.count("/token") == 1


def test_a_head_request_to_the_callback_redeems_no_code(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    back = came_back(site, browser)
    assert browser.request("HEAD", back).status == 405
    assert "/token" not in center.requests
    assert browser.follow(browser.get(back)).status == 200


def test_a_center_that_ends_and_grants_one_session_makes_no_loop(
    each_site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each_site.sign_in(browser)
    answer = center.answer

    def says_ended(method: str, path: str, body: bytes) -> HttpResponse:
        reply = answer(method, path, body)
        return HttpResponse(200, reply.body.replace(b"alive", b"ended")) if "check" in path else reply

    monkeypatch.setattr(center, "answer", says_ended)
    times.move(31)
    page = each_site.sign_in(browser)
    assert page.status == 400
    assert "You have been signed out" in page.text
    link = page.text.partition('href="')[2].partition('"')[0]
    assert browser.follow(browser.get(each_site.url + link)).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "http://127.0.0.1:1"),
        ("token_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", ""),
        ("jwks_uri", 7),
    ],
)
def test_a_discovery_document_of_somebody_else_is_not_used(
    site: RunningSite,
    center: FakeCenter,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: object,
) -> None:
    document = {**discovery(center.issuer), name: value}
    monkeypatch.setattr("client_sdk.testing.center.discovery", lambda _: document)
    page = browser.get(site.url + "/")
    assert page.status == 503
    assert page.headers["Retry-After"]


def test_a_login_gets_503_while_the_center_is_away_and_works_soon_after(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    center.is_away = True
    page = browser.get(site.url + "/")
    assert page.status == 503
    assert not page.set_cookies
    assert browser.get(site.url + "/", headers={"Accept": "application/json"}).status == 401
    asked = len(center.requests)
    assert browser.get(site.url + "/").status == 503
    assert len(center.requests) == asked, "asked again at once"
    center.is_away = False
    times.move(1.1)
    assert site.sign_in(browser).status == 200


def test_an_sso_error_shows_expected_and_actual_and_no_secret() -> None:
    failed = Unavailable("center_failed", "It said no.", expected=200, actual=500)
    assert (failed.code, failed.expected, failed.actual) == ("center_failed", 200, 500)
    assert str(failed) == "center_failed: It said no. (expected 200, got 500)"
    flood = str(Unavailable("x", "y", expected=1, actual="\n" * 100_000))
    assert len(flood) < 300
    assert "\n" not in flood
