"""A person signs out at a site: gone there at once, and on to the center to be out everywhere."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite
from tests.harness.browser import Browser, Page


def sign_out_address(site: RunningSite, browser: Browser) -> str:
    return site.url + json.loads(browser.get(site.url + "/").text)["logout_url"]


def is_signed_in(site: RunningSite, browser: Browser) -> bool:
    return browser.get(site.url + "/public").text == "alice"


def query_of(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_sign_out_address_works_as_a_link_and_as_a_form(
    each_site: RunningSite, center: FakeCenter, browser: Browser, method: str
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    page = browser.request(method, sign_out_address(each_site, browser))
    sent = query_of(page)
    assert page.status == 303
    assert page.location.startswith(center.issuer + "/logout?")
    assert sent["client_id"] == each_site.client_id
    assert sent["post_logout_redirect_uri"] == each_site.url + "/sso/signed-out"
    assert jwt.decode(sent["id_token_hint"], options={"verify_signature": False})["sid"] == sid
    assert not is_signed_in(each_site, browser)
    last = browser.follow(page)
    assert (last.status, last.url) == (200, each_site.url + "/sso/signed-out")
    assert "You are signed out" in last.text


def test_an_old_cookie_put_back_is_refused(each_site: RunningSite, browser: Browser) -> None:
    each_site.sign_in(browser)
    thief = browser.twin()
    browser.get(sign_out_address(each_site, browser))
    assert not is_signed_in(each_site, thief)


@pytest.mark.parametrize(
    "address", ["/sso/logout", "/sso/logout?t=", "/sso/logout?t=guessed", "/sso/logout?t=a&t=b"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_site_can_not_sign_anybody_out(
    site: RunningSite, browser: Browser, address: str, method: str
) -> None:
    site.sign_in(browser)
    page = browser.request(method, site.url + address)
    assert page.status == 200
    assert is_signed_in(site, browser)
    left = browser.submit(page, "logout-confirm")
    assert "/logout?" in left.location
    assert not is_signed_in(site, browser)


def test_the_link_of_one_person_does_not_sign_out_another(
    site: RunningSite, center: FakeCenter, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    site.sign_in(browser)
    link_of_alice = sign_out_address(site, browser)
    other = new_browser()
    center.log_in(Person("mallory"))
    site.sign_in(other)
    assert other.get(link_of_alice).status == 200
    assert other.get(site.url + "/public").text == "mallory"


@pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}])
def test_a_prefetch_of_the_logout_link_signs_nobody_out(
    site: RunningSite, browser: Browser, headers: dict[str, str]
) -> None:
    site.sign_in(browser)
    address = sign_out_address(site, browser)
    browser.get(address, headers=headers)
    browser.request("HEAD", address)
    assert is_signed_in(site, browser)


def test_the_logout_confirmation_may_post_to_the_site_and_center_only(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    site.sign_in(browser)
    policy = browser.get(site.url + "/sso/logout").headers["Content-Security-Policy"]
    assert f"form-action 'self' {center.issuer};" in policy
    assert "default-src 'none'" in policy


def test_logout_without_a_local_session_redirects_to_the_center(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sent = query_of(browser.get(site.url + "/sso/logout"))
    assert set(sent) == {"client_id", "post_logout_redirect_uri"}


def test_a_session_that_has_ended_is_no_hint_for_the_center(
    each_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    each_site.tell(center.logout_token(each_site.client_id, sid=sid))
    page = browser.get(each_site.url + "/sso/logout")
    assert page.status == 303
    assert "id_token_hint" not in query_of(page)


def test_a_token_too_long_for_the_cookie_is_left_out_of_the_hint(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    center.log_in(Person("alice", roles=tuple(f"role-{number:04}" for number in range(200))))
    assert site.sign_in(browser).status == 200
    assert "id_token_hint" not in query_of(browser.get(sign_out_address(site, browser)))


def test_logout_with_the_center_away_ends_the_session_here(
    new_site: Callable[..., RunningSite], center: FakeCenter, browser: Browser
) -> None:
    first, second = new_site(client_id="same"), new_site(client_id="same")
    first.sign_in(browser)
    address = sign_out_address(first, browser)
    center.is_away = True
    # The second process never needed the center before, so it doesn't even know where to send people.
    page = browser.get(address.replace(first.url, second.url))
    assert page.status == 200
    assert "You are signed out here" in page.text
    assert browser.get(first.url + "/public").text == "nobody"


def test_a_person_who_cancels_logout_at_the_center_can_sign_in_again(
    each_site: RunningSite, browser: Browser
) -> None:
    before = json.loads(each_site.sign_in(browser).text)["sid"]
    browser.get(sign_out_address(each_site, browser))
    again = each_site.sign_in(browser)
    assert json.loads(again.text)["sid"] == before


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("zh-CN,zh;q=0.9", "您已退出登录"),
        ("fr, zh;q=0.5", "您已退出登录"),
        ("fr", "You are signed out"),
        ("", "You are"),
    ],
)
def test_pages_speak_the_persons_language(
    site: RunningSite, new_browser: Callable[..., Browser], language: str, title: str
) -> None:
    page = new_browser(language=language).get(site.url + "/sso/signed-out")
    page_text = (
        page.text.encode("latin-1").decode() if "charset" not in page.headers["Content-Type"] else page.text
    )
    assert title in page_text
