"""Tokens kept for people signed in: fresh when needed, one refresh for all, gone with the session."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from client_sdk.core.identity import LocalSession, User
from client_sdk.core.kept_tokens import KeptTokens, Sealer
from client_sdk.core.settings import Settings
from client_sdk.core.transport import HttpResponse
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

NewSite = Callable[..., RunningSite]


@pytest.fixture(params=["cookie", "redis"])
def site(request: pytest.FixtureRequest, new_site: NewSite, center: FakeCenter) -> RunningSite:
    """A site that keeps tokens, with each kind of local session."""
    center.gives_refresh_tokens = True
    sessions = "cookie" if request.param == "cookie" else request.getfixturevalue("store").url
    return new_site(keep_tokens=True, sessions=sessions)


@pytest.fixture
def cookie_site(new_site: NewSite, center: FakeCenter) -> RunningSite:
    center.gives_refresh_tokens = True
    return new_site(keep_tokens=True)


def cookies_of(site: RunningSite, browser: Browser) -> dict[str, str]:
    return browser.cookies_for("127.0.0.1")


def is_good(center: FakeCenter, token: str) -> bool:
    return bool(center._tokens.introspect(token)["active"])


def test_a_site_has_an_access_token_of_who_is_signed_in(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    token = site.sign_in(browser, "/token").text
    assert is_good(center, token)
    page = browser.get(site.url + "/token")
    assert (page.text, page.headers["Cache-Control"]) == (token, "no-store")
    assert not center.refreshed
    assert not page.set_cookies


def test_a_site_that_keeps_none_says_what_it_needs(
    new_site: NewSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    site = new_site()
    assert site.sign_in(browser, "/token").status == 500
    assert "keep_tokens=True" in caplog.text
    assert set(cookies_of(site, browser)) == {site.cookie}


def test_what_is_kept_can_be_read_by_nobody(
    site: RunningSite, center: FakeCenter, store: ValkeyServer, browser: Browser
) -> None:
    token = site.sign_in(browser, "/token").text
    (refresh_token,) = center._tokens._refresh
    with store.client() as client:
        held = [
            str(client.hgetall(key)) for key in client.scan_iter() if client.type(key) in (b"hash", "hash")
        ]
    everything = " ".join([*cookies_of(site, browser).values(), *held])
    assert token not in everything
    assert refresh_token not in everything


def test_the_cookie_of_tokens_is_kept_from_scripts_and_other_hosts(
    cookie_site: RunningSite, browser: Browser
) -> None:
    back = browser.get(browser.get(cookie_site.url + "/").location)
    page = browser.get(back.location)
    line = next(line for line in page.set_cookies if "~tokens=" in line)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
    secure = cookie_site.app.extensions["sso"]._addresses.names("https")
    assert secure.tokens.startswith("__Host-")
    assert secure.attempts.is_secure


def test_near_its_end_the_token_is_replaced_and_the_browser_keeps_the_new_one(
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


def test_of_a_short_life_the_last_fifth_is_near_the_end(
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
    center.delay = lambda path: go.wait(20) and None if path == "/token" else None
    tabs = [browser.twin() for _ in range(50)]

    def open_page(tab: Browser) -> str:
        sent.wait(20)
        return tab.get(site.url + "/token").text

    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(open_page, tab) for tab in tabs]
        eventually(lambda: center.requests.count("/token") == 2)
        go.set()
        tokens = {answer.result() for answer in answers}
    assert len(tokens) == 1
    assert len(center.refreshed) == 1
    assert is_good(center, tokens.pop())


def test_who_comes_late_with_the_cookie_of_before_gets_the_same(
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


def test_late_comers_get_tokens_of_today_even_if_the_result_is_near_its_end(
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


def test_a_token_that_was_refused_before_its_time_is_replaced(
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


def test_the_sites_own_api_goes_on_when_only_the_access_token_was_taken_back(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    center.revoke(site.sign_in(browser, "/token").text)
    assert browser.get(site.url + "/api").text == "alice"
    assert len(center.refreshed) == 1
    assert browser.get(site.url + "/api").text == "alice"
    assert len(center.refreshed) == 1, "the browser keeps the new one"


def test_without_a_refresh_token_there_is_no_other_before_the_end(
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


def test_what_was_refused_counts_no_more_even_while_the_center_is_away(
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


def test_another_process_is_told_the_same_by_the_center(
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
def test_only_a_clear_no_ends_the_session(
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


def test_without_a_refresh_token_the_person_passes_by_the_center(
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


def test_no_mistake_becomes_a_loop(new_site: NewSite, center: FakeCenter, browser: Browser) -> None:
    center.token_lifetime = 0
    page = new_site(keep_tokens=True).sign_in(browser, "/token")
    assert page.status == 503
    assert page.headers["Retry-After"]


def test_who_signed_out_elsewhere_just_after_signing_in_is_sent_to_sign_in_and_not_refused(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    first = site.sign_in(browser, "/token").text
    center.log_out()
    page = browser.get(f"{site.url}/another-token?refused={first}")
    assert "/authorize" in page.location


def test_who_signed_in_before_tokens_were_kept_passes_by_the_center(
    new_site: NewSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    new_site(client_id="changed").sign_in(browser)
    site = new_site(client_id="changed", keep_tokens=True)
    times.move(11)
    assert is_good(center, browser.follow(browser.get(site.url + "/token")).text)


def test_signing_out_drops_the_tokens_and_gives_the_refresh_token_back(
    site: RunningSite, center: FakeCenter, browser: Browser, store: ValkeyServer
) -> None:
    page = site.sign_in(browser)
    (refresh_token,) = center._tokens._refresh
    cookies = cookies_of(site, browser)
    assert not center.is_revoked(refresh_token)
    browser.get(site.url + json.loads(page.text)["logout_url"])
    assert center.is_revoked(refresh_token)
    left = cookies_of(site, browser)
    assert all(left.get(name) != value for name, value in cookies.items())
    with store.client() as client:
        keys = [key for key in client.scan_iter() if site.client_id + "}:sid" in str(key)]
        assert not [field for key in keys for field in client.hkeys(key) if str(field).endswith("tokens")]


def test_signing_out_works_with_the_center_away(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    page = site.sign_in(browser)
    center.is_away = True
    assert browser.get(site.url + json.loads(page.text)["logout_url"]).status in (200, 303)
    assert browser.get(site.url + "/public").text == "nobody"


def test_asking_whether_to_sign_out_takes_nothing_back(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    assert "Sign out?" in browser.get(site.url + "/sso/logout").text
    assert not center.is_revoked(*center._tokens._refresh)
    assert browser.get(site.url + "/token").status == 200


def test_a_new_login_gives_the_former_refresh_token_back(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    browser.follow(browser.get(site.url + "/sso/login?next=/"))
    former, present = center._tokens._refresh
    assert center.is_revoked(former)
    assert not center.is_revoked(present)


def test_an_ending_takes_the_tokens_along(
    site: RunningSite, center: FakeCenter, browser: Browser, store: ValkeyServer
) -> None:
    site.sign_in(browser)
    site.tell(center.logout_token(site.client_id, sub="sub-of-alice"))
    assert browser.get(site.url + "/token").status == 303
    with store.client() as client:
        keys = [key for key in client.scan_iter() if site.client_id + "}:sid" in str(key)]
        assert not [field for key in keys for field in client.hkeys(key) if str(field).endswith("tokens")]


def test_tokens_do_not_come_back_to_life_by_a_late_refresh(
    new_site: NewSite, center: FakeCenter, times: Times, browser: Browser, store: ValkeyServer
) -> None:
    center.gives_refresh_tokens = True
    site = new_site(keep_tokens=True, sessions=store.url)
    sid = center._current or ""
    site.sign_in(browser, "/token")
    times.move(590)

    def end_meanwhile(path: str) -> None:
        if path == "/token":
            site.tell(center.logout_token(site.client_id, sid=sid))

    center.delay = end_meanwhile
    browser.get(site.url + "/token")
    with store.client() as client:
        (key,) = [key for key in client.scan_iter() if f"{site.client_id}}}:sid" in str(key)]
        assert {str(field) for field in client.hkeys(key)} <= {"ended", "b'ended'"}


def test_a_logout_that_overtakes_the_login_leaves_no_tokens(
    new_site: NewSite, center: FakeCenter, browser: Browser, store: ValkeyServer
) -> None:
    site = new_site(keep_tokens=True, sessions=store.url)
    sid = center._current or ""

    def end_meanwhile(path: str) -> None:
        if path == "/token":
            site.tell(center.logout_token(site.client_id, sid=sid))

    center.delay = end_meanwhile
    browser.get(browser.get(browser.get(site.url + "/").location).location)
    with store.client() as client:
        (key,) = [key for key in client.scan_iter() if f"{site.client_id}}}:sid" in str(key)]
        assert {str(field) for field in client.hkeys(key)} <= {"ended", "b'ended'"}


def test_a_process_that_comes_late_replaces_no_newer_tokens(
    new_site: NewSite, browser: Browser, store: ValkeyServer
) -> None:
    site = new_site(keep_tokens=True, sessions=store.url)
    site.sign_in(browser)
    sessions, value = site.app.extensions["sso"]._sessions, cookies_of(site, browser)[site.cookie]
    first = sessions.read_tokens(value, "")
    assert first
    for sealed, former in (("second", first), ("late", first), ("late", "")):
        sessions.write_tokens(value, sealed, former)
    assert sessions.read_tokens(value, "") == "second"


def test_tokens_too_large_for_a_cookie_are_told_the_operator(
    cookie_site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    center.access_token_format = "jwt"
    center.log_in(Person("alice", roles=tuple(f"a role with a long name {n:03}" for n in range(60))))
    page = cookie_site.sign_in(browser)
    assert page.status == 400
    assert " login_session_too_large: " in caplog.text


# The API of the same site, called by its own pages


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
def test_an_api_of_the_site_takes_the_cookie_of_its_own_pages(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser, kind: Any
) -> None:
    center.access_token_format = kind
    assert browser.get(site.url + "/api").status == 401
    site.sign_in(browser)
    assert browser.get(site.url + "/api").text == "alice"
    times.move(590)
    assert browser.get(site.url + "/api").text == "alice"
    assert len(center.refreshed) == 1
    center.revoke(center.refreshed[0])
    times.move(31)
    refused = browser.get(site.url + "/api")
    assert (refused.status, refused.headers["WWW-Authenticate"][:31]) == (
        401,
        'Bearer realm="sso", error="inva',
    )


def test_a_token_for_other_apis_does_not_open_this_one(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    real = center._tokens.introspect
    center._tokens.introspect = lambda token: {**real(token), "aud": "elsewhere"}  # type: ignore[method-assign]
    assert browser.get(site.url + "/api").status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "{own}"}, 200),
        ({}, 401),
        ({"Sec-Fetch-Site": "same-site"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{own}"}, 401),
        ({"Origin": "http://evil.example"}, 401),
        ({"Origin": "{own}.evil.example"}, 401),
        ({"Origin": "{own}0"}, 401),
        ({"Origin": "null"}, 401),
        ({"Referer": "{own}/page"}, 401),
    ],
)
def test_another_site_can_not_use_the_cookie(
    cookie_site: RunningSite, browser: Browser, headers: dict[str, str], status: int
) -> None:
    cookie_site.sign_in(browser)
    told = {name: value.replace("{own}", cookie_site.url) for name, value in headers.items()}
    answer = requests.post(
        cookie_site.url + "/api", headers=told, cookies=cookies_of(cookie_site, browser), timeout=20
    )
    assert answer.status_code == status
    assert browser.get(cookie_site.url + "/api", headers=told).status == 200, "reading is no such change"


def test_a_header_comes_before_the_cookie(
    cookie_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    cookie_site.sign_in(browser)
    headers = {"Authorization": "Bearer invented"}
    assert browser.get(cookie_site.url + "/api", headers=headers).status == 401
    center.log_in(Person("bob"))
    token = center.access_token("shop", audience=cookie_site.client_id)
    headers = {"Authorization": f"Bearer {token}"}
    assert browser.get(cookie_site.url + "/api", headers=headers).text == "bob"


def test_the_api_of_a_site_that_refuses_to_go_on_says_so(
    cookie_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    cookie_site.sign_in(browser)
    center.revoke(*center._tokens._refresh)
    times.move(590)
    refused = browser.get(cookie_site.url + "/api")
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert cookie_site.cookie not in cookies_of(cookie_site, browser)


def test_while_the_session_can_not_be_decided_the_api_answers_503(
    cookie_site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    cookie_site.sign_in(browser)
    times.move(31)
    center.is_away = True
    assert browser.get(cookie_site.url + "/api").status == 503


def test_nothing_of_kept_tokens_is_logged(
    site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "client_sdk")
    tokens = [site.sign_in(browser, "/token").text]
    times.move(590)
    tokens.append(browser.get(site.url + "/token").text)
    cookies = list(cookies_of(site, browser).values())
    center.is_away = True
    times.move(590)
    browser.get(site.url + "/token")
    center.is_away = False
    center.revoke(center.refreshed[0])
    times.move(2)
    browser.get(site.url + "/token")
    said = " ".join(record.getMessage() for record in caplog.records if record.name == "client_sdk")
    assert "refresh_refused" in said
    for secret in (*tokens, *center._tokens._refresh, *cookies):
        assert secret not in said


# Sealing


SETTINGS = Settings(issuer="http://localhost", client_id="shop", client_secret="a secret")
TOKENS = KeptTokens("access", "refresh", 1000, 600)


def test_what_is_sealed_opens_where_it_belongs_and_nowhere_else() -> None:
    sealed = Sealer(SETTINGS).seal(TOKENS, "sid")
    assert Sealer(SETTINGS).open(sealed, "sid") == TOKENS
    assert Sealer(SETTINGS).open(sealed, "another") is None
    other = Settings(issuer="http://localhost", client_id="forum", client_secret="a secret")
    assert Sealer(other).open(sealed, "sid") is None
    assert Sealer(SETTINGS).seal(TOKENS, "sid") != sealed
    for spoilt in (
        "",
        "x",
        sealed[:-4],
        sealed[4:],
        "A" + sealed[1:],
        sealed.lower(),
        "é" * 40,
        "A" * 20_000,
    ):
        assert Sealer(SETTINGS).open(spoilt, "sid") is None


def test_no_representation_shows_a_token() -> None:
    session = LocalSession(User("sub", "sid", "", "", "", ()), 0, 0, 0)
    assert "refresh" not in repr(TOKENS).replace("refresh_token", "")
    assert "access'" not in repr(TOKENS)
    assert "sid" in repr(session)
