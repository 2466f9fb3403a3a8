"""Requests that race an ending, or outlast it: none brings the session back, and whoever got in is told."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from client_sdk.flask import SSO
from sso_center.core.notices import EndingFilter, EndingSummary
from sso_center.core.reasons import Reason
from sso_center.core.sessions import OpenedSession
from sso_center.core.users import User
from tests.client_sdk.test_tokens_of_a_real_center import RealSite
from tests.endings.every_way import PATIENT, WallAhead, is_in
from tests.harness.browser import REDIRECTS, Browser
from tests.harness.center import Center
from tests.harness.loopback import loopback_session
from tests.harness.rounds import rounds
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

SPREAD = 0.012
"""Seconds over which the endings of a race are spread: from before the request to after it."""


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center(workers=2)


@pytest.fixture(scope="module")
def site(center: Center) -> Site:
    # Nobody listens there: that a notice was recorded is what matters here.
    return center.add_site(backchannel_logout_uri="http://127.0.0.1:1/logout")


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def http() -> Iterator[requests.Session]:
    session = loopback_session()
    yield session
    session.close()


def user_of(center: Center) -> User:
    return center.services.users.add(f"person-{secrets.token_hex(6)}")


def open_session(center: Center, user: User, *, remember: bool = False) -> OpenedSession:
    return center.services.sessions.open(
        user, remember=remember, amr=("pwd",), user_agent="", address="", previous=None
    )


def ending_of(center: Center, sid: str) -> EndingSummary:
    (ending,) = center.services.receipts.endings(EndingFilter(sid=sid))
    return ending


def let_begin(request: Future[Any], number: int, times: int) -> None:
    """Give a request a head start, which grows from none at all to all that it needs."""
    if number == times - 1:
        wait([request])
    time.sleep(SPREAD * number / times)


@pytest.mark.prove
def test_a_client_that_joins_and_redeems_in_the_moment_of_the_ending_is_out_and_in_the_receipts(
    center: Center, site: Site, pool: ThreadPoolExecutor, http: requests.Session
) -> None:
    user, times, joined, redeemed = user_of(center), rounds(500), 0, 0

    def come(cookie: str) -> tuple[bool, dict[str, Any]]:
        """Return whether a grant was given, and the tokens for it."""
        attempt = site.attempt()
        answer = http.get(attempt.url, headers={"Cookie": f"sso={cookie}"}, allow_redirects=False, timeout=60)
        location = answer.headers["Location"]
        if answer.status_code not in REDIRECTS or not location.startswith(site.redirect_uri):
            return False, {}
        code = dict(pair.split("=", 1) for pair in urlsplit(location).query.split("&"))["code"]
        given = site.redeem(code, attempt)
        return True, given.json() if given.status_code == 200 else {}

    for number in range(times):
        opened = open_session(center, user)
        coming = pool.submit(come, opened.cookie)
        let_begin(coming, number, times)
        center.services.endings.end_session(opened.session.sid, Reason.LOGOUT, "test")
        has_joined, tokens = coming.result()
        assert not site.is_alive(opened.session.sid)
        assert ending_of(center, opened.session.sid).counts.total == (1 if has_joined else 0)
        if tokens:
            center.secrets |= {tokens["access_token"]}
            assert site.introspect(tokens["access_token"]) == {"active": False}
        joined, redeemed = joined + has_joined, redeemed + bool(tokens)
    assert joined >= redeemed > 0


@pytest.mark.prove
def test_a_request_that_races_the_ending_leaves_no_cookie_that_opens_anything(
    center: Center, pool: ThreadPoolExecutor, http: requests.Session
) -> None:
    times, told = rounds(500), 0
    all_opened = [open_session(center, user_of(center), remember=True) for _ in range(times)]
    # From now on every answer tells the successor of the cookie.
    center.move_clock(2 * 3600 + 1)

    def look(cookie: str) -> str:
        """Return the cookie that the answer gives, '' when it gives none."""
        answer = http.get(
            center.url("/account"), headers={"Cookie": f"sso={cookie}"}, allow_redirects=False, timeout=60
        )
        http.cookies.clear()
        return str(answer.cookies.get("sso") or "")

    for number, opened in enumerate(all_opened):
        looking = pool.submit(look, opened.cookie)
        let_begin(looking, number, times)
        center.services.endings.end_session(opened.session.sid, Reason.LOGOUT, "test")
        given = looking.result()
        told += bool(given)
        for cookie in (opened.cookie, given):
            assert center.services.sessions.visit(cookie).session is None
    assert told > 0


def test_a_request_that_began_before_the_logout_and_ends_after_it_is_nobodys(
    center: Center, browser: Browser, site: Site
) -> None:
    person = center.add_person()
    signed_in = site.sign_in(browser, person)
    page = browser.get(center.url("/account/password"))
    new = "a new one that nobody knows"
    body = urlencode({**page.form("current").values, "current": person.password, "new": new, "repeat": new})
    cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies_for("sso.localhost").items())
    head = (
        f"POST /account/password HTTP/1.1\r\nHost: sso.localhost:{center.port}\r\nCookie: {cookies}\r\n"
        f"Origin: {center.issuer}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", center.port), 30) as late:
        late.sendall((head + body[:10]).encode())
        browser.submit(browser.get(center.url("/logout")), "logout-confirm")
        late.sendall(body[10:].encode())
        answer = b"".join(iter(lambda: late.recv(65536), b"")).decode()
    status, headers = answer.split("\r\n", 1)[0], answer.partition("\r\n\r\n")[0].lower()
    assert " 303 " in status, answer
    assert "location: /login" in headers
    assert "set-cookie: sso=" not in headers
    assert not site.is_alive(signed_in.sid)
    assert center.services.users.authenticate(person.username, person.password) is not None


# At a site with the SDK


class Gate:
    """A page that says when somebody has come, and answers when told to."""

    def __init__(self, site: RealSite) -> None:
        self.is_reached, self.is_open = threading.Event(), threading.Event()
        sso: SSO = site.sso

        @site.app.get("/slow")
        @sso.login_required
        def slow() -> str:
            self.is_reached.set()
            assert self.is_open.wait(60)
            assert sso.user is not None
            return sso.user.username


@pytest.fixture(params=["cookie", "redis"])
def sdk_site(
    request: pytest.FixtureRequest, center: Center, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealSite]:
    """A site for each kind of local session."""
    store = ValkeyServer(tmp_path_factory.mktemp("sessions")).start() if request.param == "redis" else None
    site = RealSite(center, WallAhead(center), {}, sessions=store.url if store else "cookie", **PATIENT)
    yield site
    site.close()
    if store:
        store.stop()


def test_a_page_that_a_site_was_still_making_at_the_logout_brings_nobody_back(
    center: Center, sdk_site: RealSite, browser: Browser, pool: ThreadPoolExecutor
) -> None:
    gate, person = Gate(sdk_site), center.add_person()
    sdk_site.log_in(browser, person, "/")
    late = browser.twin()
    under_way = pool.submit(late.get, sdk_site.url + "/slow")
    assert gate.is_reached.wait(60)
    (session,) = center.services.sessions.of_user(person.sub)
    browser.submit(browser.get(center.url("/logout")), "logout-confirm")
    eventually(lambda: ending_of(center, session.sid).counts.confirmed == 1, what="the receipt")
    gate.is_open.set()
    assert under_way.result(30).text == person.username, "it was theirs when it began"
    for cookies in (late, browser):
        assert not is_in(sdk_site, cookies)
    late.close()
