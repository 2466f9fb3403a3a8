"""A person asks for a page, is sent to the center, and comes back to that page."""

import json
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser


def test_the_page_first_asked_for_is_shown_with_its_query(each_site: RunningSite, browser: Browser) -> None:
    page = each_site.sign_in(browser, "/caf%C3%A9/a%20b/%25?q=%E8%8C%B6+%26&x=1")
    assert (page.status, page.text) == (200, "a b/%|茶 &")
    assert page.url.endswith("/caf%C3%A9/a%20b/%25?q=%E8%8C%B6+%26&x=1")


def test_a_signed_in_person_is_served_without_the_center(
    each_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    each_site.sign_in(browser)
    asked = len(center.requests)
    assert browser.get(each_site.url + "/").status == 200
    assert len(center.requests) == asked


def test_two_tabs_that_sign_in_at_once_both_arrive(each_site: RunningSite, browser: Browser) -> None:
    first, second = (browser.get(f"{each_site.url}/?tab={tab}") for tab in (1, 2))
    assert '"tab=2"' in browser.follow(second).text
    assert '"tab=1"' in browser.follow(first).text


def test_the_authorization_request_has_a_challenge_and_no_secret(
    site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    page = browser.get(site.url + "/")
    sent = {name: values[0] for name, values in parse_qs(urlsplit(page.location).query).items()}
    assert page.status == 303
    assert page.location.startswith(center.issuer + "/authorize?")
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == site.url + "/sso/callback"
    assert (sent["response_type"], sent["scope"]) == ("code", "openid profile email")
    held = " ".join(page.set_cookies)
    assert sent["nonce"] not in held
    assert sent["code_challenge"] not in held


def test_session_cookies_are_http_only_and_same_site(site: RunningSite, browser: Browser) -> None:
    begun = browser.get(site.url + "/")
    back = browser.get(browser.get(begun.location).location)
    opened, closed = back.set_cookies
    for line in (*begun.set_cookies, opened):
        assert "; Path=/; HttpOnly; SameSite=Lax" in line
        assert line.startswith(f"sso-{site.client_id}")
        assert "Domain" not in line
    assert "Max-Age" not in opened
    assert "-login-" in closed
    assert closed.endswith("Max-Age=0")


def test_over_https_neighbours_can_plant_no_cookie(
    new_site: Callable[..., RunningSite], browser: Browser
) -> None:
    site = new_site(base_url="https://shop.example.org")
    page = browser.get(site.url + "/")
    (line,) = page.set_cookies
    assert line.startswith(f"__Host-sso-{site.client_id}-login-")
    assert line.endswith("; Secure")
    assert "redirect_uri=https%3A%2F%2Fshop.example.org%2Fsso%2Fcallback" in page.location


def test_two_sites_on_one_host_keep_their_cookies_apart(
    new_site: Callable[..., RunningSite], browser: Browser
) -> None:
    shop, forum = new_site(), new_site()
    shop.sign_in(browser)
    forum.sign_in(browser)
    assert {shop.cookie, forum.cookie} <= set(browser.cookies_for("127.0.0.1"))
    assert [browser.get(site.url + "/").status for site in (shop, forum)] == [200, 200]


def test_logins_never_finished_do_not_pile_up(site: RunningSite, browser: Browser) -> None:
    for number in range(30):
        browser.get(f"{site.url}/?{number}={secrets.token_hex(750)}")
    pending = [name for name in browser.cookies_for("127.0.0.1") if "-login-" in name]
    held = sum(len(value) for value in browser.cookies_for("127.0.0.1").values())
    assert 1 <= len(pending) <= 8
    assert held < 7000
    assert '"29=x' in site.sign_in(browser, "/?29=x").text


def test_an_address_too_long_to_keep_loses_its_query_only(site: RunningSite, browser: Browser) -> None:
    assert site.sign_in(browser, "/caf%C3%A9/a?q=" + "x" * 3000).text == "a|"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\r\nSet-Cookie:x",
        "/\t/evil.example",
        "evil",
        "",
    ],
)
def test_a_login_never_leads_off_the_site(site: RunningSite, browser: Browser, target: str) -> None:
    begun = browser.get(f"{site.url}/sso/login", params={"next": target})
    back = browser.get(browser.get(begun.location).location)
    assert back.status == 303
    assert back.headers["Location"] == "/"


def test_a_path_that_looks_like_another_host_leads_home(site: RunningSite, browser: Browser) -> None:
    begun = browser.get(f"{site.url}/caf%C3%A9/../..//evil.example/")
    assert begun.status in (303, 404)
    odd = browser.get(f"{site.url}/sso/login?next=/%2F/evil.example")
    back = browser.get(browser.get(odd.location).location)
    assert back.headers["Location"] == "/"


def test_a_form_sent_too_late_leads_back_to_its_page(site: RunningSite, browser: Browser) -> None:
    begun = browser.post(site.url + "/", {"buy": "1"}, headers={"Referer": f"{site.url}/?form=1"})
    assert begun.status == 303
    assert '"form=1"' in browser.follow(begun).text
    elsewhere = browser.twin()
    elsewhere.http.cookies.clear()
    begun = elsewhere.post(site.url + "/", {"buy": "1"}, headers={"Referer": "https://evil.example/x"})
    assert '"asked_for": ""' in elsewhere.follow(begun).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Accept": "*/*"},
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_script_gets_401_and_the_way_to_the_login(
    site: RunningSite, browser: Browser, headers: dict[str, str]
) -> None:
    page = browser.get(site.url + "/?data=1", headers={**headers, "Referer": f"{site.url}/?page=7"})
    told = json.loads(page.text)
    assert (page.status, told["error"]) == (401, "login_required")
    assert page.headers["Content-Type"].startswith("application/json")
    assert page.headers["WWW-Authenticate"]
    assert not page.set_cookies
    assert '"page=7"' in browser.follow(browser.get(site.url + told["login_url"])).text


def test_a_role_opens_its_page_and_only_that(
    site: RunningSite, center: FakeCenter, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    refused = site.sign_in(browser, "/staff")
    assert refused.status == 403
    assert "Not for this account" in refused.text
    script = browser.get(site.url + "/staff", headers={"Accept": "application/json"})
    assert (script.status, script.text) == (403, '{"error": "forbidden"}')
    center.log_in(Person("ida", roles=("staff", "customer")))
    assert site.sign_in(new_browser(), "/staff").text == "for staff"


def test_a_public_page_knows_the_signed_in_user(site: RunningSite, browser: Browser) -> None:
    assert browser.get(site.url + "/public").text == "nobody"
    site.sign_in(browser)
    assert browser.get(site.url + "/public").text == "alice"


def test_pages_of_one_person_stay_out_of_caches(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    home, cached, public, untouched = (
        browser.get(site.url + path).headers for path in ("/", "/cached", "/public", "/untouched")
    )
    assert home["Cache-Control"] == public["Cache-Control"] == "no-store"
    assert home["Vary"] == public["Vary"] == "Cookie"
    assert "public" not in cached["Cache-Control"]
    assert "private" in cached["Cache-Control"]
    assert "Cookie" in cached["Vary"]
    assert "Cache-Control" not in untouched
    assert "Vary" not in untouched


def test_a_login_gives_the_browser_a_new_session(each_site: RunningSite, browser: Browser) -> None:
    each_site.sign_in(browser)
    before = browser.cookies_for("127.0.0.1")[each_site.cookie]
    browser.follow(browser.get(f"{each_site.url}/sso/login?next=/"))
    assert browser.cookies_for("127.0.0.1")[each_site.cookie] != before


def test_a_local_session_ends_with_its_own_lifetime(
    each_site: RunningSite, times: Times, browser: Browser
) -> None:
    each_site.sign_in(browser)
    times.move(8 * 3600 - 1)
    assert browser.get(each_site.url + "/").status == 200
    times.move(2)
    assert browser.get(each_site.url + "/").status == 303


def test_the_login_goes_to_the_issuer_and_the_server_to_the_internal_address(
    center: FakeCenter, times: Times, new_site: Callable[..., RunningSite], browser: Browser
) -> None:
    internal, center.issuer = center.issuer, center.issuer.replace("127.0.0.1", "sso.localhost")
    site = new_site(internal_url=internal)
    begun = browser.get(site.url + "/")
    assert begun.location.startswith(center.issuer + "/authorize")
    assert browser.follow(begun).status == 200
    times.move(31)
    assert browser.get(site.url + "/").status == 200
    assert center.requests == ["/.well-known/openid-configuration", "/token", "/jwks.json", "/endings/check"]
