"""Tokens that a real center gives, at sites and APIs with the SDK: from the login to the last refusal."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.client_sdk.real_sites import CenterTimes, RealSite
from tests.harness.browser import Browser
from tests.harness.center import LIFELINE, Center, Person
from tests.harness.site import Site
from tests.harness.waiting import eventually

BROWSER_CLIENT = {
    "access_token_format": "jwt",
    "grant_types": ("authorization_code", "refresh_token"),
}


@pytest.fixture(scope="module")
def real_center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center()


@pytest.fixture
def times(real_center: Center) -> CenterTimes:
    return CenterTimes(real_center)


@pytest.fixture
def new_real_site(real_center: Center, times: CenterTimes) -> Iterator[Callable[..., RealSite]]:
    made: list[RealSite] = []

    def make(registration: dict[str, Any] | None = None, **settings: Any) -> RealSite:
        made.append(RealSite(real_center, times, registration or {}, **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def api(new_real_site: Callable[..., RealSite]) -> RealSite:
    """An API that browsers never visit."""
    return new_real_site()


@pytest.fixture(params=["cookie", "redis"])
def shop(request: pytest.FixtureRequest, new_real_site: Callable[..., RealSite], api: RealSite) -> RealSite:
    """A site that keeps the tokens of its people to call the API with."""
    sessions = "cookie" if request.param == "cookie" else request.getfixturevalue("store").url
    registration = {**BROWSER_CLIENT, "audiences": (api.client_id,)}
    return new_real_site(registration, keep_tokens=True, sessions=sessions)


@pytest.fixture
def someone(real_center: Center) -> Person:
    return real_center.add_person(roles=("staff",))


def call(api: RealSite, token: str, path: str = "/api", **headers: str) -> requests.Response:
    """Call an API with a token."""
    return requests.get(
        api.url + path,
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=60,
        allow_redirects=False,
    )


def test_a_jwt_opens_an_api_until_it_is_revoked(
    shop: RealSite, api: RealSite, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = shop.log_in(browser, someone, "/token").text
    assert token.count(".") == 2
    assert token.startswith("eyJ")
    answer = call(api, token)
    assert (answer.status_code, answer.text) == (200, someone.username)
    assert call(api, token[:-10] + "AAAAAAAAAA").status_code == 401
    assert call(shop, token).status_code == 401, "the shop is not whom it is for"
    logout_url = json.loads(browser.get(shop.url + "/").text)["logout_url"]
    browser.follow(browser.get(shop.url + logout_url))
    times.move(30)
    refused = call(api, token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_token_too_long_for_introspection_refuses_no_other(api: RealSite, real_center: Center) -> None:
    robot = real_center.add_site(grant_types=("client_credentials",), audiences=(api.client_id,))
    given = robot.post("/token", {"grant_type": "client_credentials"}).json()["access_token"]
    real_center.secrets.add(given)
    assert call(api, "x" + "/" * 7_000).status_code == 401
    assert call(api, given).status_code == 200


def test_every_ending_of_the_session_ends_its_tokens(
    shop: RealSite, api: RealSite, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = shop.log_in(browser, someone, "/token").text
    assert call(api, token).status_code == 200
    real_center.run("logout", "--user", someone.username)
    times.move(30)
    assert call(api, token).status_code == 401
    eventually(lambda: browser.get(shop.url + "/token").status == 303, what="the logout token")


def test_a_lost_role_revokes_access_tokens_and_the_site_gets_others(
    shop: RealSite, api: RealSite, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = shop.log_in(browser, someone, "/token").text
    assert call(api, token).status_code == 200
    real_center.services.users.update(someone.sub, roles=())
    times.move(30)
    assert call(api, token).status_code == 401
    other = browser.get(f"{shop.url}/another-token?refused={token}").text
    assert other != token
    assert call(api, other).status_code == 200
    assert browser.get(shop.url + "/token").text == other, "the site keeps the new one"


def test_of_fifty_parallel_requests_one_refreshes_at_a_real_center(
    shop: RealSite, api: RealSite, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    first = shop.log_in(browser, someone, "/token").text
    times.move(560)
    tabs, start = [browser.twin() for _ in range(50)], threading.Barrier(50)

    def open_page(tab: Browser) -> str:
        start.wait(60)
        return tab.get(shop.url + "/token").text

    with ThreadPoolExecutor(50) as pool:
        tokens = set(pool.map(open_page, tabs))
    assert len(tokens) == 1
    assert tokens != {first}
    assert len(shop.wire.refreshes) == 1
    assert call(api, tokens.pop()).status_code == 200


def test_two_processes_that_refresh_at_once_get_the_same(
    shop: RealSite, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    shop.log_in(browser, someone, "/token")
    with shop.another_process() as url:
        for _ in range(3):
            times.move(560)
            other = browser.twin()
            with ThreadPoolExecutor(2) as pool:
                here = pool.submit(browser.get, shop.url + "/token")
                there = pool.submit(other.get, url + "/token")
                assert here.result().text == there.result().text


def test_a_site_keeps_people_in_for_as_long_as_it_refreshes(
    shop: RealSite, api: RealSite, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    seen = {shop.log_in(browser, someone, "/token").text}
    for number in range(1, 6):
        times.move(570)
        token = browser.get(shop.url + "/token").text
        assert call(api, token).status_code == 200
        seen.add(token)
        assert len(shop.wire.refreshes) == number
    assert len(seen) == 6


def test_a_revoked_refresh_token_gets_503_just_after_a_login(
    shop: RealSite, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    shop.log_in(browser, someone, "/token")
    (answer,) = shop.wire.answers
    assert shop.client.post("/revoke", {"token": answer["refresh_token"]}).status_code == 200
    times.move(570)
    assert "/authorize" in browser.get(shop.url + "/token").location
    assert browser.get(shop.url + "/public").text == "nobody"
    assert shop.log_in(browser, someone, "/token").status == 200


def test_logout_revokes_the_refresh_token(
    shop: RealSite, real_center: Center, browser: Browser, someone: Person
) -> None:
    page = shop.log_in(browser, someone, "/")
    (answer,) = shop.wire.answers
    token = answer["refresh_token"]
    assert shop.client.introspect(token)["active"] is True
    browser.get(shop.url + json.loads(page.text)["logout_url"])
    assert shop.wire.forms[-1]["token"] == token
    assert shop.client.introspect(token) == {"active": False}


def test_a_refresh_token_opens_no_api_not_even_the_sites_own(
    new_real_site: Callable[..., RealSite], browser: Browser, someone: Person
) -> None:
    site = new_real_site({**BROWSER_CLIENT, "access_token_format": "opaque"}, keep_tokens=True)
    token = site.log_in(browser, someone, "/token").text
    assert call(site, token).text == someone.username
    assert browser.get(site.url + "/api").text == someone.username
    assert call(site, site.wire.answers[0]["refresh_token"]).status_code == 401


# The mobile app


@pytest.fixture
def phone(real_center: Center, api: RealSite) -> Site:
    """An app: it keeps no secret, and its one token is for the API."""
    return real_center.add_site(is_public=True, access_token_format="app", audiences=(api.client_id,))


def app_token(phone: Site, browser: Browser, person: Person, device_id: str = "phone-1") -> str:
    """Sign in as an app does, and return its token."""
    attempt = phone.attempt()
    page = phone.visit(browser, attempt)
    if page.forms:
        page = browser.follow(
            browser.log_in(page, person.username, person.password), stop_at=phone.redirect_uri
        )
    answer = phone.redeem(phone.code_in(page, attempt), attempt, device_id=device_id)
    assert answer.status_code == 200, answer.text
    phone.center.secrets.add(answer.json()["access_token"])
    return str(answer.json()["access_token"])


def test_an_app_lives_on_one_token_that_renews_itself(
    api: RealSite, phone: Site, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = app_token(phone, browser, someone)
    answer = call(api, token)
    assert (answer.status_code, answer.text) == (200, someone.username)
    assert "SSO-App-Token" not in answer.headers
    for _ in range(3):
        times.move(2 * 3600 + 1)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda token: call(api, token), [token] * 20))
        assert {answer.status_code for answer in answers} == {200}
        (successor,) = {answer.headers["SSO-App-Token"] for answer in answers}
        assert successor != token
        assert answers[0].headers["Cache-Control"] == "no-store"
        assert call(api, successor).status_code == 200
        times.move(6)
        former = call(api, token)
        assert (former.status_code, "SSO-App-Token" in former.headers) == (200, False)
        token = successor
    times.move(61)
    assert call(api, token).status_code == 200


def test_the_demos_phone_signs_in_with_a_browser_and_calls_the_api(
    api: RealSite, real_center: Center, browser: Browser, someone: Person
) -> None:
    redirect_uri = "http://127.0.0.1/callback"
    app = {"is_public": True, "access_token_format": "app", "audiences": (api.client_id,)}
    real_center.add_site("phone", redirect_uri=redirect_uri, **app)
    environ = {**os.environ, "SSO_ISSUER": real_center.issuer, "API": api.url + "/api"}
    words = [*LIFELINE, sys.executable, "-m", "demo_apps.phone"]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        address = next(line.strip() for line in said if "/authorize?" in line)
        page = browser.log_in(browser.follow(browser.get(address)), someone.username, someone.password)
        assert "signed you in" in browser.follow(page).text
        assert next(line for line in said if someone.username in line).split()[1] == "200"
        process.terminate()


def test_a_copied_app_token_ends_both_copies(
    api: RealSite, phone: Site, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    stolen = app_token(phone, browser, someone)
    times.move(2 * 3600 + 1)
    own = call(api, stolen).headers["SSO-App-Token"]
    assert call(api, own).status_code == 200
    times.move(61)
    assert call(api, stolen).status_code == 401
    times.move(5)
    assert call(api, own).status_code == 401


def test_a_new_login_on_the_device_ends_the_old_token(
    api: RealSite, phone: Site, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    old = app_token(phone, browser, someone)
    elsewhere = app_token(phone, browser, someone, device_id="tablet-1")
    assert call(api, old).status_code == 200
    new = app_token(phone, browser, someone)
    times.move(5)
    assert [call(api, token).status_code for token in (old, elsewhere, new)] == [401, 200, 200]


def test_a_new_password_ends_the_apps_token_and_what_links_it_made(
    api: RealSite, phone: Site, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = app_token(phone, browser, someone)
    link = api.url + call(api, token, "/link-for-a-token").text
    assert token not in link
    assert requests.get(link, timeout=60).status_code == 200
    real_center.services.users.set_password(someone.sub, "another good password")
    times.move(30)
    assert call(api, token).status_code == 401
    assert requests.get(link, timeout=60, headers={"Sec-Fetch-Mode": "no-cors"}).status_code == 401


def test_a_link_of_an_app_lasts_as_long_as_its_session(
    api: RealSite, phone: Site, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    token = app_token(phone, browser, someone)
    links = [api.url + call(api, token, "/link-for-a-token").text for _ in range(2)]
    times.move(31)
    assert requests.get(links[0], timeout=60).status_code == 200, "the center knows whose session that is"
    assert phone.post("/revoke", {"token": token, "client_id": phone.client_id}, auth=None).status_code == 200
    times.move(28)
    status = requests.get(links[1], timeout=60, headers={"Sec-Fetch-Mode": "no-cors"}).status_code
    times.move(2)
    late = requests.get(links[1], timeout=60, headers={"Sec-Fetch-Mode": "no-cors"}).status_code
    assert (status in (200, 401), late) == (True, 401)
