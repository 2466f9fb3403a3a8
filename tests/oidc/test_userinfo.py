"""/userinfo: who the token is of, and every refusal."""

import pytest
import requests

from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member
from tests.oidc.exchange import CODE_AND_REFRESH, refreshed, tokens_for


def ask(site: Site, method: str = "GET", **options: object) -> requests.Response:
    return site.http.request(method, site.center.url("/userinfo"), timeout=60, **options)  # type: ignore[arg-type]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_it_says_what_the_id_token_said(member: Member, site: Site) -> None:
    answer = site.userinfo(member.first.access_token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    # When it was changed last is of use to who asks now, and would only make an ID token longer.
    assert told.pop("updated_at") > 1_000_000_000
    assert set(told) == {"sub", "roles", "name", "preferred_username", "email", "email_verified"}
    assert all(member.first.claims[name] == value for name, value in told.items())


def test_it_says_only_what_the_scope_gives(member: Member, site: Site) -> None:
    attempt = site.attempt(scope="openid")
    tokens = site.redeem(site.code_for(member.browser, attempt), attempt).json()
    assert set(site.userinfo(tokens["access_token"]).json()) == {"sub", "roles"}


def test_the_token_may_come_by_post_in_header_or_body(member: Member, site: Site) -> None:
    token = member.first.access_token
    assert ask(site, "POST", headers=bearer(token)).status_code == 200
    assert ask(site, "POST", data={"access_token": token}).status_code == 200
    assert ask(site, "POST", headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_without_a_token_it_says_how_to_bring_one(site: Site) -> None:
    for options in ({}, {"headers": {"Authorization": "Basic eDp5"}}):
        answer = ask(site, **options)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="sso"'


def test_a_token_in_the_address_is_not_looked_at(member: Member, site: Site) -> None:
    assert ask(site, params={"access_token": member.first.access_token}).status_code == 401


@pytest.mark.parametrize("token", ["x", "00" + "a" * 43, "a" * 3000, "a.b.c", ""])
def test_a_token_that_is_not_ours_is_refused(site: Site, token: str) -> None:
    answer = ask(site, headers=bearer(token))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="sso", error="invalid_token"')
    assert answer.json()["error"] == "invalid_token"


def test_a_refresh_token_is_no_access_token(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH)
    assert site.userinfo(tokens_for(member.browser, site)["refresh_token"]).status_code == 401


def test_a_token_without_openid_is_not_for_this(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH)
    token = tokens_for(member.browser, site)["refresh_token"]
    answer = site.userinfo(refreshed(site, token, scope="email")["access_token"])
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="sso", error="insufficient_scope"')
    assert challenge.endswith('scope="openid"')
    assert answer.json()["error"] == "insufficient_scope"
    assert member.person.email not in answer.text


def test_an_id_token_is_no_access_token(member: Member, site: Site) -> None:
    assert site.userinfo(member.first.id_token).status_code == 401


def test_a_token_in_two_places_is_refused(member: Member, site: Site) -> None:
    token = member.first.access_token
    answer = ask(site, "POST", headers=bearer(token), data={"access_token": token})
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


def test_a_token_given_twice_in_the_body_is_refused(member: Member, site: Site) -> None:
    token = member.first.access_token
    answer = ask(
        site,
        "POST",
        data=f"access_token={token}&access_token={token}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


def test_an_expired_token_is_refused(member: Member, site: Site, center: Center) -> None:
    center.move_clock(601)
    assert site.userinfo(member.first.access_token).status_code == 401


def test_a_token_dies_with_its_session(member: Member, site: Site) -> None:
    member.browser.submit(member.browser.get(site.center.url("/logout")), "logout-confirm")
    assert site.userinfo(member.first.access_token).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(site: Site, method: str) -> None:
    answer = ask(site, method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


def test_a_page_of_any_site_may_ask_with_a_token(member: Member, site: Site) -> None:
    before = ask(site, "OPTIONS", headers={"Origin": "http://spa.example"})
    assert before.status_code == 204
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    for answer in (site.userinfo(member.first.access_token), ask(site)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
