"""The center tells a site from behind that a session has ended (OIDC Back-Channel Logout 1.0)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from client_sdk.core.login.logout_token import EVENT
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser, Page

Claims = dict[str, Any]


def is_in(site: RunningSite, browser: Browser) -> bool:
    return browser.get(site.url + "/public").text != "nobody"


def test_a_logout_token_ends_the_session_at_once(
    each_site: RunningSite, center: FakeCenter, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    other = new_browser()
    center.log_in(Person("bob"))
    each_site.sign_in(other)
    told = each_site.tell(center.logout_token(each_site.client_id, sid=sid, sub="sub-of-alice"))
    assert (told.status, told.text) == (200, "")
    assert told.headers["Cache-Control"] == "no-store"
    assert not is_in(each_site, browser)
    assert is_in(each_site, other)
    assert not center.asked


def test_a_token_for_a_person_ends_the_sessions_issued_until_then(
    each_site: RunningSite,
    center: FakeCenter,
    times: Times,
    new_browser: Callable[[], Browser],
) -> None:
    phone, desk, later = (new_browser() for _ in range(3))
    for browser in (phone, desk):
        center.log_in(Person("alice"))
        each_site.sign_in(browser)
    times.move(2)
    token = center.logout_token(each_site.client_id, sub="sub-of-alice")
    times.move(2)
    center.log_in(Person("alice"))
    each_site.sign_in(later)
    assert each_site.tell(token).status == 200
    assert [is_in(each_site, browser) for browser in (phone, desk, later)] == [False, False, True]


def put(**changes: Any) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: claims.update(changes)


def take(*names: str) -> Callable[[Claims, Claims], None]:
    return lambda header, claims: [claims.pop(name, None) for name in names]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda header, claims: header.update(typ="JWT"), "token_type"),
        (lambda header, claims: header.pop("typ"), "token_type"),
        (put(iss="http://evil.example"), "token_issuer"),
        (put(aud="forum"), "token_audience"),
        (lambda header, claims: claims.update(exp=claims["iat"] - 61), "token_expired"),
        (lambda header, claims: claims.update(iat=claims["iat"] + 62), "token_from_future"),
        (lambda header, claims: claims.update(iat=claims["iat"] - 662), "token_too_old"),
        (take("exp"), "token_claim"),
        (take("iat"), "token_claim"),
        (take("jti"), "token_claim"),
        (take("sid", "sub"), "token_claim"),
        (put(sid=""), "token_claim"),
        (take("events"), "token_events"),
        (put(events={}), "token_events"),
        (put(events=[EVENT]), "token_events"),
        (put(events={EVENT: None}), "token_events"),
        (put(nonce="n"), "token_nonce"),
    ],
)
def test_a_logout_token_with_one_thing_wrong_ends_nothing(
    site: RunningSite,
    center: FakeCenter,
    browser: Browser,
    edit: Callable[[Claims, Claims], None],
    code: str,
) -> None:
    sid = json.loads(site.sign_in(browser).text)["sid"]
    token = center.logout_token(site.client_id, sid=sid, sub="sub-of-alice", edit=edit)
    assert_refused(site.tell(token), code)
    assert is_in(site, browser)


def assert_refused(told: Page, code: str) -> None:
    assert told.status == 400
    assert json.loads(told.text) == {"error": "invalid_request", "error_description": code}
    assert told.headers["Cache-Control"] == "no-store"


def test_a_replayed_logout_token_is_refused(
    each_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    token = center.logout_token(each_site.client_id, sid=sid)
    assert each_site.tell(token).status == 200
    assert_refused(each_site.tell(token), "token_replayed")


def test_a_replay_is_refused_by_every_process_that_shares_a_store(
    new_site: Callable[..., RunningSite], store: Any, center: FakeCenter
) -> None:
    one, two = (new_site(client_id="shared", sessions=store.url) for _ in range(2))
    token = center.logout_token("shared", sid="some")
    assert one.tell(token).status == 200
    assert_refused(two.tell(token), "token_replayed")


def test_a_token_with_a_spoilt_signature_ends_nothing(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(site.sign_in(browser).text)["sid"]
    good, other = (center.logout_token(site.client_id, sid=name) for name in (sid, "other"))
    spoilt = good.rpartition(".")[0] + "." + other.rpartition(".")[2]
    assert_refused(site.tell(spoilt), "token_signature")
    assert is_in(site, browser)


def test_an_id_token_is_no_logout_token(site: RunningSite, center: FakeCenter, browser: Browser) -> None:
    seen: list[str] = []
    sign = center.sign
    center.sign = lambda header, claims: seen.append(sign(header, claims)) or seen[-1]  # type: ignore
    site.sign_in(browser)
    assert_refused(site.tell(seen[0]), "token_type")
    assert is_in(site, browser)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"logout_token=", "application/x-www-form-urlencoded"),
        (b"logout_token=a&logout_token=b", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b'{"logout_token": "a"}', "application/json"),
    ],
)
def test_a_malformed_logout_request_gets_400(
    site: RunningSite, browser: Browser, body: bytes, kind: str
) -> None:
    told = browser.post(site.url + "/sso/backchannel-logout", body, headers={"Content-Type": kind})
    assert_refused(told, "token_malformed")


def test_other_methods_and_giant_bodies_are_refused(site: RunningSite, browser: Browser) -> None:
    address = site.url + "/sso/backchannel-logout"
    assert browser.get(address).status == 405
    assert browser.post(address, {"logout_token": "x" * 70_000}).status == 413


def test_a_logout_token_gets_503_when_its_key_can_not_be_fetched(
    site: RunningSite, center: FakeCenter, times: Times
) -> None:
    token = center.logout_token(site.client_id, sid="some")
    center.is_away = True
    told = site.tell(token)
    assert told.status == 503
    assert told.headers["Retry-After"]
    center.is_away = False
    times.move(1.1)
    assert site.tell(token).status == 200


def test_a_logout_token_may_come_by_another_host_name(site: RunningSite, center: FakeCenter) -> None:
    token = center.logout_token(site.client_id, sid="some")
    address = site.url.replace("127.0.0.1", "shop.localhost") + "/sso/backchannel-logout"
    assert Browser().post(address, {"logout_token": token}).status == 200
