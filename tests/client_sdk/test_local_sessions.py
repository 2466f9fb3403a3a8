"""Local sessions of both kinds: what is kept where, and what a forged or foreign cookie is worth."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from client_sdk.core.clock import Clock
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.redis_sessions import RedisSessions, connect
from client_sdk.core.settings import Settings
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser
from tests.servers.valkey import ValkeyServer


def cookie_of(site: RunningSite, browser: Browser) -> str:
    return browser.cookies_for("127.0.0.1")[site.cookie]


def with_cookie(site: RunningSite, value: str, path: str = "/public") -> str:
    return Browser().get(site.url + path, headers={"Cookie": f"{site.cookie}={value}"}).text


@pytest.mark.parametrize("spoil", [lambda v: v[:-1], lambda v: v[1:], lambda v: v + "x", lambda v: v[::-1]])
def test_a_changed_cookie_is_nobody(
    each_site: RunningSite, browser: Browser, spoil: Callable[[str], str]
) -> None:
    each_site.sign_in(browser)
    value = cookie_of(each_site, browser)
    assert with_cookie(each_site, value) == "alice"
    assert with_cookie(each_site, spoil(value)) == "nobody"


@pytest.mark.parametrize("value", ["", ".", "a.b", "a.b.c", "x" * 8000, "%00.%00", '"quoted"', ".eJwD.x"])
def test_a_nonsense_cookie_is_nobody(each_site: RunningSite, value: str) -> None:
    assert with_cookie(each_site, value) == "nobody"


def test_a_cookie_of_another_site_is_nobody(new_site: Callable[..., RunningSite], browser: Browser) -> None:
    secret = {"secret_key": "one key for all sites, which is a bad idea"}
    shop, forum = new_site(**secret), new_site(**secret)
    shop.sign_in(browser)
    assert with_cookie(forum, cookie_of(shop, browser)) == "nobody"


def test_a_cookie_of_a_login_is_no_session(site: RunningSite, browser: Browser) -> None:
    browser.get(site.url + "/")
    (value,) = browser.cookies_for("127.0.0.1").values()
    assert with_cookie(site, value) == "nobody"


def test_the_cookie_is_found_among_others(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    value, name = cookie_of(site, browser), site.cookie
    for header in (
        f"a=1; {name}={value}",
        f"{name}={value}; z=1",
        f"x{name}=no; {name}={value}",
        f"x={name}=no;{name}={value}",
        f"{name}-login-abc=no; {name}={value} ; q",
    ):
        assert Browser().get(site.url + "/public", headers={"Cookie": header}).text == "alice", header
    assert Browser().get(site.url + "/public", headers={"Cookie": f"x{name}={value}"}).text == "nobody"


def test_a_signed_cookie_works_in_every_process_and_after_a_restart(
    new_site: Callable[..., RunningSite], center: FakeCenter, browser: Browser
) -> None:
    first, second = new_site(client_id="same"), new_site(client_id="same")
    first.sign_in(browser)
    assert browser.get(second.url + "/public").text == "alice"
    assert len(center.asked) == 1


def test_a_signed_cookie_fits_whatever_people_are_called(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    center.log_in(Person("李小龙", name="名" * 300, email="x" * 300, roles=("角色",) * 20))
    page = site.sign_in(browser)
    assert json.loads(page.text)["username"] == "李小龙"
    assert len(site.cookie) + len(cookie_of(site, browser)) < 4096


def test_a_session_too_large_for_a_cookie_is_logged(
    site: RunningSite, center: FakeCenter, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    center.log_in(Person("alice", roles=tuple(secrets.token_hex(20) for _ in range(150))))
    page = site.sign_in(browser)
    assert page.status == 400
    assert "not set up correctly" in page.text
    assert " login_session_too_large: " in caplog.text


# In Redis


@pytest.fixture
def redis_site(new_site: Callable[..., RunningSite], store: ValkeyServer) -> RunningSite:
    return new_site(sessions=store.url)


def test_a_session_too_large_for_a_cookie_fits_in_redis(
    redis_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    center.log_in(Person("alice", roles=tuple(f"role {number}" for number in range(500))))
    assert len(json.loads(redis_site.sign_in(browser).text)["roles"]) == 500


def test_redis_holds_only_the_hash_of_the_token_and_nothing_for_ever(
    redis_site: RunningSite, center: FakeCenter, store: ValkeyServer, browser: Browser
) -> None:
    redis_site.sign_in(browser)
    redis_site.tell(center.logout_token(redis_site.client_id, sid="another"))
    token = cookie_of(redis_site, browser).rpartition(".")[2]
    assert len(token) >= 43
    with store.client() as client:
        keys = [key for key in client.scan_iter() if redis_site.client_id + "}" in key]
        assert len(keys) == 4
        assert all(0 < client.pttl(key) <= 8 * 3600 * 1000 for key in keys)
        held = [str(_content(client, key)) for key in keys]
    assert not [content for content in held if token in content]


def test_an_ending_reaches_every_process_at_once(
    new_site: Callable[..., RunningSite], center: FakeCenter, store: ValkeyServer, browser: Browser
) -> None:
    first, second = (new_site(client_id="both", sessions=store.url) for _ in range(2))
    sid = json.loads(first.sign_in(browser).text)["sid"]
    assert browser.get(second.url + "/public").text == "alice"
    assert first.tell(center.logout_token("both", sid=sid)).status == 200
    assert browser.get(second.url + "/public").text == "nobody"


def test_an_ending_of_a_person_reaches_every_process_at_once(
    new_site: Callable[..., RunningSite], center: FakeCenter, store: ValkeyServer, browser: Browser
) -> None:
    first, second = (new_site(client_id="person", sessions=store.url) for _ in range(2))
    first.sign_in(browser)
    assert first.tell(center.logout_token("person", sub="sub-of-alice")).status == 200
    assert browser.get(second.url + "/public").text == "nobody"


def test_a_new_login_leaves_nothing_of_the_former(redis_site: RunningSite, browser: Browser) -> None:
    redis_site.sign_in(browser)
    former = cookie_of(redis_site, browser)
    browser.follow(browser.get(f"{redis_site.url}/sso/login?next=/"))
    assert with_cookie(redis_site, former) == "nobody"
    assert browser.get(redis_site.url + "/public").text == "alice"


def test_logout_reaches_every_process_at_once(
    new_site: Callable[..., RunningSite], store: ValkeyServer, browser: Browser
) -> None:
    first, second = (new_site(client_id="out", sessions=store.url) for _ in range(2))
    page = json.loads(first.sign_in(browser).text)
    thief = browser.twin()
    browser.get(first.url + page["logout_url"])
    assert thief.get(second.url + "/public").text == "nobody"


def test_a_logout_that_overtakes_the_login_wins(
    new_site: Callable[..., RunningSite], center: FakeCenter, store: ValkeyServer, browser: Browser
) -> None:
    first, second = (new_site(client_id="race", sessions=store.url) for _ in range(2))
    sid = center._current or ""

    def end_meanwhile(path: str) -> None:
        if path == "/token":
            center.delay = None
            second.tell(center.logout_token("race", sid=sid))

    center.delay = end_meanwhile
    back = browser.get(browser.get(first.url + "/").location).location
    assert browser.get(back).status == 303
    assert browser.get(first.url + "/public").text == "nobody"


def test_a_login_after_an_ending_opens_a_new_session(
    redis_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(redis_site.sign_in(browser).text)["sid"]
    redis_site.tell(center.logout_token(redis_site.client_id, sid=sid))
    assert browser.get(redis_site.url + "/public").text == "nobody"
    assert redis_site.sign_in(browser).status == 200


def test_a_client_can_be_passed_instead_of_an_address(
    new_site: Callable[..., RunningSite], store: ValkeyServer, browser: Browser
) -> None:
    with store.client() as client:
        assert new_site(sessions=client).sign_in(browser).status == 200


def test_with_redis_away_the_answer_is_503_and_the_cookie_stays(
    new_site: Callable[..., RunningSite], tmp_path: Path, browser: Browser, center: FakeCenter
) -> None:
    own = ValkeyServer(tmp_path / "own").start()
    site = new_site(sessions=own.url)
    sid = json.loads(site.sign_in(browser).text)["sid"]
    own.kill()
    page = browser.get(site.url + "/")
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert not page.set_cookies
    assert browser.get(site.url + "/public").text == "nobody"
    assert site.tell(center.logout_token(site.client_id, sid=sid)).status == 503
    assert browser.get(site.url + "/sso/logout").status == 503
    own.start()
    try:
        assert browser.get(site.url + "/").status == 200
    finally:
        own.stop()


def test_a_session_signed_out_leaves_nothing_behind(store: ValkeyServer, times: Times) -> None:
    settings = Settings(issuer="http://localhost", client_id="bare", client_secret="s")
    sessions = RedisSessions(settings, Clock(), lambda: connect(store.url))
    user = User.from_claims("sid/with.odd chars;", {"sub": "sub", "roles": ["r"]})
    session = LocalSession(user, 1.0, 2, 3, "hint")
    value = sessions.open(session, 1)
    assert not set(value) & set(' ;,"\\')
    assert sessions.find(value) == session
    sessions.drop(value)
    assert sessions.find(value) is None


def _content(client: object, key: str) -> object:
    kind = client.type(key)  # type: ignore[attr-defined]
    read = {"hash": "hgetall", "set": "smembers", "string": "get"}[kind]
    return getattr(client, read)(key)
