"""The API of the same site, called by its own pages with their cookie."""

from typing import Any

import pytest
import requests

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.kept_tokens.conftest import cookies_of
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser


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
        cookie_site.url + "/api", headers=told, cookies=cookies_of(cookie_site, browser), timeout=60
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


def test_a_sites_own_api_gets_401_when_the_refresh_is_refused(
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
