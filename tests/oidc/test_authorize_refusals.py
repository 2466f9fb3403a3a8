"""What /authorize does not take: shown when the site can't be trusted, told to the site otherwise."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.harness.site import Site


def assert_shown(page: Page) -> None:
    assert page.status == 400, page.text
    assert not page.location
    assert "<html" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def assert_told(site: Site, page: Page, error: str, state: str | None) -> None:
    assert page.status == 302, page.text
    assert page.location.startswith(site.redirect_uri + "?")
    assert page.query["error"] == error
    assert page.query["iss"] == site.center.issuer
    assert page.query.get("state") == state
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


# Shown: the browser goes nowhere


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": "a" * 1000},
        {"client_id": "x\n"},
        {"redirect_uri": None},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": "//evil.example/"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_an_untrusted_client_or_redirect_uri_is_shown(
    site: Site, browser: Browser, changes: dict[str, Any]
) -> None:
    assert_shown(browser.get(site.attempt(**changes).url))


@pytest.mark.parametrize(
    "twist",
    [
        lambda uri: uri + "/",
        lambda uri: uri + "?x=1",
        lambda uri: uri + "#x",
        lambda uri: uri + "/../x",
        lambda uri: uri.upper(),
        lambda uri: uri.replace("http://", "https://"),
        lambda uri: uri.replace("http://", "http://evil.example@"),
        lambda uri: uri.replace(".localhost", ".localhost.evil.example"),
        lambda uri: uri[:-1],
    ],
)
def test_a_redirect_uri_that_is_only_alike_is_shown(site: Site, browser: Browser, twist: Any) -> None:
    assert_shown(browser.get(site.attempt(redirect_uri=twist(site.redirect_uri)).url))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_client_id_or_redirect_uri_given_twice_is_shown(site: Site, browser: Browser, name: str) -> None:
    value = {"client_id": site.client_id, "redirect_uri": site.redirect_uri}[name]
    assert_shown(browser.get(f"{site.attempt().url}&{name}={quote(value, safe='')}"))


def test_another_sites_redirect_uri_is_shown(site: Site, other_site: Site, browser: Browser) -> None:
    assert_shown(browser.get(site.attempt(redirect_uri=other_site.redirect_uri).url))


def test_what_was_sent_is_escaped_where_it_is_shown(site: Site, browser: Browser) -> None:
    page = browser.get(site.attempt(client_id="<script>alert(1)</script>").url)
    assert_shown(page)
    assert "<script" not in page.text


def test_a_request_too_long_is_shown(site: Site, browser: Browser) -> None:
    assert_shown(browser.get(site.attempt(state="s" * 4000).url))


def test_other_methods_are_refused(site: Site, browser: Browser) -> None:
    for method in ("HEAD", "PUT", "DELETE", "PATCH"):
        page = browser.request(method, site.attempt().url)
        assert page.status == 405, method
        assert not page.location


def test_a_post_that_is_no_form_is_shown(site: Site, browser: Browser) -> None:
    assert_shown(browser.request("POST", f"{site.center.issuer}/authorize", json={"client_id": "x"}))


def test_a_post_of_many_bytes_is_refused(site: Site, browser: Browser) -> None:
    page = browser.post(f"{site.center.issuer}/authorize", {"state": "s" * 40_000})
    assert page.status in (400, 413)
    assert not page.location


# Told: back to the site, with the code of the standard


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": 'openid "x"'}, "invalid_scope"),
        ({"scope": "openid  profile"}, "invalid_scope"),
        ({"scope": "openid é"}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://site.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"code_challenge": "a" * 42 + "="}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "1" * 30}, "invalid_request"),
        ({"max_age": "\u0661"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"nonce": "a\x00b"}, "invalid_request"),
    ],
)
def test_a_wrong_parameter_is_told_to_the_site(
    site: Site, browser: Browser, changes: dict[str, Any], error: str
) -> None:
    attempt = site.attempt(**changes)
    assert_told(site, browser.get(attempt.url), error, attempt.state)


@pytest.mark.parametrize(
    "name", ["scope", "nonce", "response_type", "code_challenge", "code_challenge_method", "x"]
)
def test_a_parameter_given_twice_is_told_to_the_site(site: Site, browser: Browser, name: str) -> None:
    attempt = site.attempt(x="1")
    assert_told(site, browser.get(f"{attempt.url}&{name}=y"), "invalid_request", attempt.state)


def test_a_state_given_twice_is_told_without_a_state(site: Site, browser: Browser) -> None:
    assert_told(site, browser.get(f"{site.attempt().url}&state=y"), "invalid_request", None)


def test_a_parameter_that_is_not_utf8_is_told_to_the_site(site: Site, browser: Browser) -> None:
    attempt = site.attempt(nonce=None)
    assert_told(site, browser.get(f"{attempt.url}&nonce=%ff%fe"), "invalid_request", attempt.state)


def test_a_public_client_must_use_pkce(public_site: Site, browser: Browser) -> None:
    attempt = public_site.attempt(code_challenge=None, code_challenge_method=None)
    assert_told(public_site, browser.get(attempt.url), "invalid_request", attempt.state)


def test_a_hint_that_was_given_to_another_site_is_told(site: Site, other_site: Site, member: Any) -> None:
    attempt = other_site.attempt(id_token_hint=member.first.id_token)
    assert_told(other_site, member.browser.get(attempt.url), "invalid_request", attempt.state)


def test_an_error_repeats_nothing_that_was_sent(site: Site, browser: Browser) -> None:
    page = browser.get(site.attempt(prompt="evil<script>", scope="openid").url)
    assert "evil" not in page.location


def test_the_host_header_changes_no_address(center: Center, site: Site, browser: Browser) -> None:
    attempt = site.attempt(prompt="none")
    page = browser.get(attempt.url, headers={"Host": "evil.example"})
    assert "evil.example" not in str(page.headers) + page.text


def test_an_address_that_was_taken_away_gets_no_code_any_more(member: Any, center: Center) -> None:
    site = center.add_site()
    attempt = site.attempt()
    assert "code" in member.browser.get(attempt.url).query
    center.services.clients.update(site.client_id, redirect_uris=("http://elsewhere.localhost:1/",))
    page = member.browser.get(attempt.url)
    assert not page.location.startswith(site.redirect_uri)
    assert_shown(member.browser.follow(page))


def test_a_removed_site_gets_no_code_any_more(member: Any, center: Center) -> None:
    site = center.add_site()
    attempt = site.attempt()
    assert "code" in member.browser.get(attempt.url).query
    center.services.clients.remove(site.client_id)
    assert_shown(member.browser.follow(member.browser.get(attempt.url), stop_at=site.redirect_uri))
