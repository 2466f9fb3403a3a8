"""What a login gave is kept sealed, and is gone with the session."""

import json

import pytest

from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.stored_tokens import StoredTokens, TokenSealer
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.kept_tokens.conftest import NewSite, cookies_of, is_good
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.servers.valkey import ValkeyServer


def test_a_site_has_an_access_token_of_who_is_signed_in(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    token = site.sign_in(browser, "/token").text
    assert is_good(center, token)
    page = browser.get(site.url + "/token")
    assert (page.text, page.headers["Cache-Control"]) == (token, "no-store")
    assert not center.refreshed
    assert not page.set_cookies


def test_access_token_without_keep_tokens_names_the_setting(
    new_site: NewSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    site = new_site()
    assert site.sign_in(browser, "/token").status == 500
    assert "keep_tokens=True" in caplog.text
    assert set(cookies_of(site, browser)) == {site.cookie}


def test_stored_tokens_are_sealed(
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


def test_logout_drops_the_tokens_and_revokes_the_refresh_token(
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


def test_logout_works_with_the_center_away(site: RunningSite, center: FakeCenter, browser: Browser) -> None:
    page = site.sign_in(browser)
    center.is_away = True
    assert browser.get(site.url + json.loads(page.text)["logout_url"]).status in (200, 303)
    assert browser.get(site.url + "/public").text == "nobody"


def test_the_logout_confirmation_revokes_no_tokens(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    assert "Sign out?" in browser.get(site.url + "/sso/logout").text
    assert not center.is_revoked(*center._tokens._refresh)
    assert browser.get(site.url + "/token").status == 200


def test_a_new_login_revokes_the_former_refresh_token(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    browser.follow(browser.get(site.url + "/sso/login?next=/"))
    former, present = center._tokens._refresh
    assert center.is_revoked(former)
    assert not center.is_revoked(present)


def test_an_ending_removes_the_stored_tokens(
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


def test_tokens_too_large_for_a_cookie_are_logged(
    cookie_site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    center.access_token_format = "jwt"
    center.log_in(Person("alice", roles=tuple(f"a role with a long name {n:03}" for n in range(60))))
    page = cookie_site.sign_in(browser)
    assert page.status == 400
    assert " login_session_too_large: " in caplog.text


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
TOKENS = StoredTokens("access", "refresh", 1000, 600)


def test_sealed_tokens_open_for_their_own_binding_only() -> None:
    sealed = TokenSealer(SETTINGS).seal(TOKENS, "sid")
    assert TokenSealer(SETTINGS).open(sealed, "sid") == TOKENS
    assert TokenSealer(SETTINGS).open(sealed, "another") is None
    other = Settings(issuer="http://localhost", client_id="forum", client_secret="a secret")
    assert TokenSealer(other).open(sealed, "sid") is None
    assert TokenSealer(SETTINGS).seal(TOKENS, "sid") != sealed
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
        assert TokenSealer(SETTINGS).open(spoilt, "sid") is None


def test_no_representation_shows_a_token() -> None:
    session = LocalSession(User.from_claims("sid", {"sub": "sub"}), 0, 0, 0)
    assert "refresh" not in repr(TOKENS).replace("refresh_token", "")
    assert "access'" not in repr(TOKENS)
    assert "sid" in repr(session)
