"""A data folder of commit 1c80983 opens in place: nobody is signed out, nothing is lost or comes back."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.harness.browser import REDIRECTS, Browser
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually
from tests.oidc.exchange import assert_refused, refresh, refreshed, revoke, tokens_for
from tests.upgrading.conftest import Upgraded

HOUR = 3600


@pytest.fixture
def fresh(upgraded: Upgraded) -> Iterator[Browser]:
    """A browser that was never here."""
    browser = upgraded.browser()
    yield browser
    browser.close()


def log_in(upgraded: Upgraded, browser: Browser, username: str) -> Any:
    page = browser.get(upgraded.center.url("/login"))
    return browser.log_in(page, username, upgraded.known["people"][username]["password"])


# People


@pytest.mark.parametrize("username", ["alice", "dave", "erin"])
def test_people_sign_in_with_the_password_of_before(
    upgraded: Upgraded, fresh: Browser, username: str
) -> None:
    answer = log_in(upgraded, fresh, username)
    assert (answer.status, answer.location) == (303, upgraded.center.url("/account"))


def test_a_password_to_be_changed_is_still_to_be_changed(upgraded: Upgraded, fresh: Browser) -> None:
    page = fresh.follow(log_in(upgraded, fresh, "bob"))
    assert "password-submit" in page.text
    answer = fresh.submit(page, "password-submit", new="a-longer-password-1", repeat="a-longer-password-1")
    assert (answer.status, answer.location) == (303, upgraded.center.url("/account"))


def test_a_disabled_account_stays_disabled(upgraded: Upgraded, fresh: Browser) -> None:
    assert log_in(upgraded, fresh, "carol").status == 403


@pytest.mark.parametrize("cookies", ["alice", "dave", "erin"])
def test_the_session_cookie_of_before_is_signed_in(upgraded: Upgraded, cookies: str) -> None:
    browser = upgraded.browser(cookies)
    page = browser.get(upgraded.center.url("/account"))
    assert page.status == 200
    assert cookies in page.text
    browser.close()


def test_a_session_of_before_opens_the_sites_with_its_claims(upgraded: Upgraded) -> None:
    browser, site = upgraded.browser("alice"), upgraded.site("wiki")
    signed = site.sign_in(browser)
    known = upgraded.known["people"]["alice"]
    assert signed.sub == known["sub"]
    assert sorted(signed.claims["roles"]) == sorted(known["roles"])
    assert signed.claims["email"] == known["email"]
    assert (signed.claims["amr"], signed.claims["acr"]) == (["pwd"], "urn:sso:password")
    browser.close()


def test_consent_of_before_is_not_asked_again(upgraded: Upgraded) -> None:
    browser, partner = upgraded.browser("dave"), upgraded.site("partner")
    attempt = partner.attempt(scope="openid email")
    page = partner.visit(browser, attempt)
    assert page.status in REDIRECTS
    assert partner.finish(partner.code_in(page, attempt), attempt).claims["email"]
    browser.close()


# Tokens


@pytest.mark.parametrize("client_id", ["shop", "spa", "reports"])
def test_a_refresh_token_of_before_goes_on(upgraded: Upgraded, client_id: str) -> None:
    site = upgraded.site(client_id)
    first = refreshed(site, upgraded.known["tokens"][client_id]["refresh_token"])
    assert site.userinfo(first["access_token"]).json()["sub"] == upgraded.known["people"]["alice"]["sub"]
    assert refreshed(site, first["refresh_token"])["refresh_token"]


def test_an_app_token_of_before_goes_on(upgraded: Upgraded) -> None:
    api = upgraded.site("api")
    told = api.introspect(upgraded.known["tokens"]["phone-successor"])
    assert told["active"] is True
    assert told["sub"] == upgraded.known["people"]["alice"]["sub"]


def test_an_access_token_of_a_client_for_itself_goes_on(upgraded: Upgraded) -> None:
    people = upgraded.center.get("/api/admin/users", headers=upgraded.admin)
    names = {one["username"] for one in people.json()["users"]}
    assert {*upgraded.known["people"], "frank"} <= names


def test_id_tokens_of_before_are_verified_with_the_keys_of_now(upgraded: Upgraded) -> None:
    keys = jwt.PyJWKSet.from_dict(upgraded.center.get("/jwks.json").json())
    for name in ("shop", "spa", "reports", "phone"):
        token = upgraded.known["tokens"][name]["id_token"]
        header = jwt.get_unverified_header(token)
        options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        claims = jwt.decode(
            token, keys[header["kid"]].key, algorithms=[header["alg"]], audience=name, options=options
        )
        assert claims["iss"] == upgraded.center.issuer


def test_a_session_of_before_is_given_back_with_its_tokens(upgraded: Upgraded) -> None:
    browser, shop = upgraded.browser("dave"), upgraded.site("shop")
    tokens = tokens_for(browser, shop)
    assert revoke(shop, tokens["refresh_token"]).status_code == 200
    assert_refused(refresh(shop, tokens["refresh_token"]), 400, "invalid_grant")
    browser.close()


# What was over


@pytest.mark.parametrize("cookies", ["signed-out", "ended-by-admin", "carol"])
def test_a_session_that_was_over_stays_over(upgraded: Upgraded, cookies: str) -> None:
    browser = upgraded.browser(cookies)
    page = browser.get(upgraded.center.url("/account"))
    assert page.status in REDIRECTS
    assert browser.follow(page).form("login-submit")
    browser.close()


@pytest.mark.parametrize("name", ["signed-out", "revoked"])
def test_a_refresh_token_that_was_over_stays_over(upgraded: Upgraded, name: str) -> None:
    token = upgraded.known["tokens"][name]["refresh_token"]
    assert_refused(refresh(upgraded.site("shop"), token), 400, "invalid_grant")


@pytest.mark.parametrize("name", ["signed-out", "revoked", "ended-jwt"])
def test_an_access_token_that_was_over_stays_over(upgraded: Upgraded, name: str) -> None:
    token = upgraded.known["tokens"][name]["access_token"]
    assert upgraded.site("api").introspect(token) == {"active": False}


# What admins see


def test_the_history_is_there(upgraded: Upgraded) -> None:
    endings = _endings(upgraded)
    for name in ("signed_out", "admin", "disabled"):
        assert upgraded.known[f"{name}_sid"] in endings
    tags = upgraded.center.run("audit", "list", "--count", "500").stdout
    for tag in (
        "login:session:open",
        "login:password:fail",
        "account:consent:grant",
        "oidc:grant:redeem",
        "admin:user:disable",
        "admin:keys:rotate",
        "center:session:end",
        "center:family:revoke",
    ):
        assert tag in tags


# Later


def test_pending_notices_are_delivered(upgraded: Upgraded) -> None:
    with Receiver() as shop, Receiver() as reports:
        for client_id, receiver in (("shop", shop), ("reports", reports)):
            upgraded.center.run("clients", "update", client_id, "--backchannel-logout-uri", receiver.uri)
        # However long its breaker lets a site rest that was away.
        upgraded.center.move_clock(HOUR)
        at_shop = {delivery.claims["sid"] for delivery in shop.wait_for(3)}
        assert at_shop == {upgraded.known[f"{name}_sid"] for name in ("signed_out", "admin", "disabled")}
        (at_reports,) = reports.wait_for(1)
        assert at_reports.claims["sid"] == upgraded.known["admin_sid"]
        assert at_reports.claims["sub"] == upgraded.known["people"]["alice"]["sub"]
        eventually(lambda: _endings(upgraded)[upgraded.known["admin_sid"]] == 2, within=30)


def test_an_app_token_of_before_rotates_on(upgraded: Upgraded) -> None:
    api, token = upgraded.site("api"), upgraded.known["tokens"]["phone-successor"]
    # The first use makes it the newest, the use after its time tells the next.
    assert api.introspect(token)["active"] is True
    upgraded.center.move_clock(2 * HOUR + 1)
    successor = api.introspect(token)["successor"]
    assert api.introspect(successor)["active"] is True


def test_an_account_of_before_is_changed_as_any_other(upgraded: Upgraded) -> None:
    upgraded.center.run("users", "set-roles", "frank", "--role", "staff", "--role", "new-role")
    assert "new-role" in upgraded.center.run("users", "list").stdout
    upgraded.center.run("users", "enable", "carol")
    browser = upgraded.browser()
    assert log_in(upgraded, browser, "carol").status == 303
    browser.close()


def test_a_second_start_is_as_good(upgraded: Upgraded) -> None:
    assert upgraded.center.stop() == 0
    upgraded.center.start()
    upgraded.reach(upgraded.center.http)
    test_the_session_cookie_of_before_is_signed_in(upgraded, "alice")
    test_the_history_is_there(upgraded)
    assert "Traceback" not in upgraded.center.log
    found = upgraded.center.run("doctor", check=False).stdout.splitlines()
    assert [line.split()[1] for line in found if line.startswith("fail")] == ["clock"]


def _endings(upgraded: Upgraded) -> dict[str, Any]:
    """Return how many sites confirmed each ending that admins are shown, by the session's id."""
    listed = json.loads(upgraded.center.run("endings", "list", "--json").stdout)
    return {row["sid"]: row["counts"]["confirmed"] for row in listed if row.get("sid")}
