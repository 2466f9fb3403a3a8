"""grant_type=refresh_token: what it gives, and every refusal."""

from collections.abc import Callable

import jwt
import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site, at_hash_of
from tests.oidc.conftest import Member
from tests.oidc.exchange import (
    CODE_AND_REFRESH,
    assert_refused,
    post_token,
    refresh,
    refreshed,
    revoke,
    tokens_for,
)


@pytest.fixture(scope="session")
def renewing(center: Center) -> Site:
    """A site with a secret that may refresh, also without the person's session."""
    return center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access", "orders"))


@pytest.fixture(scope="session")
def public_renewing(center: Center) -> Site:
    """An app in the browser that may refresh."""
    return center.add_site(grant_types=CODE_AND_REFRESH, is_public=True)


def sign_out(browser: Browser, center: Center) -> None:
    browser.submit(browser.get(center.url("/logout")), "logout-confirm")


# What it gives


def test_a_code_gives_a_refresh_token_to_who_may_use_one(member: Member, renewing: Site, site: Site) -> None:
    tokens = tokens_for(member.browser, renewing)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert "refresh_token" not in tokens_for(member.browser, site)


def test_a_refresh_gives_new_tokens(member: Member, renewing: Site) -> None:
    first = tokens_for(member.browser, renewing)
    second = refreshed(renewing, first["refresh_token"])
    assert set(second) == set(first)
    for name in ("access_token", "refresh_token", "id_token"):
        assert second[name] != first[name]
    assert (second["token_type"], second["expires_in"]) == ("Bearer", 600)
    assert second["scope"] == first["scope"]
    assert renewing.introspect(second["access_token"])["sub"] == member.first.sub
    assert refresh(renewing, second["refresh_token"]).status_code == 200


def test_the_new_id_token_tells_of_the_same_login(member: Member, renewing: Site, center: Center) -> None:
    attempt = renewing.attempt()
    first = renewing.finish(renewing.code_for(member.browser, attempt), attempt)
    center.move_clock(30)
    second = refreshed(renewing, first.answer["refresh_token"])
    claims = jwt.decode(second["id_token"], options={"verify_signature": False})
    for name in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr"):
        assert claims[name] == first.claims[name], name
    assert claims["iat"] >= first.claims["iat"] + 30
    assert claims["exp"] - claims["iat"] == 600
    assert claims["at_hash"] == at_hash_of(second["access_token"], "ES256")
    # It would be the nonce of another request (OpenID Connect Core section 12.2).
    assert "nonce" in first.claims
    assert "nonce" not in claims


def test_what_the_person_may_do_is_told_as_it_is_now(
    center: Center, renewing: Site, new_browser: Callable[..., Browser]
) -> None:
    staff = center.add_person()
    browser = new_browser()
    tokens = renewing.sign_in(browser, staff).answer
    center.services.users.update(staff.sub, roles=("editor",))
    claims = jwt.decode(
        refreshed(renewing, tokens["refresh_token"])["id_token"], options={"verify_signature": False}
    )
    assert claims["roles"] == ["editor"]


def test_a_lost_answer_is_told_again(member: Member, renewing: Site) -> None:
    first = tokens_for(member.browser, renewing)
    told = refreshed(renewing, first["refresh_token"])
    again = refreshed(renewing, first["refresh_token"])
    assert again["refresh_token"] == told["refresh_token"]
    assert again["access_token"] == told["access_token"]


def test_a_public_client_refreshes_its_own_token(member: Member, public_renewing: Site) -> None:
    tokens = tokens_for(member.browser, public_renewing)
    assert refresh(public_renewing, tokens["refresh_token"]).status_code == 200


# Scope


def test_less_scope_may_be_asked_for_and_all_of_it_later(member: Member, renewing: Site) -> None:
    first = tokens_for(member.browser, renewing, scope="openid email orders")
    less = refreshed(renewing, first["refresh_token"], scope="openid")
    assert less["scope"] == "openid"
    assert set(renewing.userinfo(less["access_token"]).json()) == {"sub", "roles"}
    assert refreshed(renewing, less["refresh_token"])["scope"] == "openid email orders"


def test_without_openid_there_is_no_id_token(member: Member, renewing: Site) -> None:
    first = tokens_for(member.browser, renewing, scope="openid orders")
    less = refreshed(renewing, first["refresh_token"], scope="orders")
    assert less["scope"] == "orders"
    assert "id_token" not in less


@pytest.mark.parametrize("scope", ["openid profile", "profile", "openid admin", "openid  email", 'openid "'])
def test_more_scope_than_was_granted_is_refused_and_spends_nothing(
    member: Member, renewing: Site, scope: str
) -> None:
    first = tokens_for(member.browser, renewing, scope="openid email")
    assert_refused(refresh(renewing, first["refresh_token"], scope=scope), 400, "invalid_scope")
    assert refreshed(renewing, first["refresh_token"])["scope"] == "openid email"


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_scope_that_was_taken_from_the_client_is_not_given_any_more(
    member: Member, center: Center, form: str
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, scopes=("orders", "stock"), access_token_format=form)
    first = tokens_for(member.browser, site, scope="openid orders stock")
    center.services.clients.update(site.client_id, scopes=("stock",))
    assert site.introspect(first["access_token"])["scope"] == "openid stock"
    assert site.introspect(first["refresh_token"])["scope"] == "openid stock"
    later = refreshed(site, first["refresh_token"])
    assert later["scope"] == "openid stock"
    assert site.introspect(later["access_token"])["scope"] == "openid stock"
    if form == "jwt":
        claims = jwt.decode(later["access_token"], options={"verify_signature": False})
        assert claims["scope"] == "openid stock"


# The token is refused


@pytest.mark.parametrize("token", ["x", "00" + "a" * 43, "zz.1.x", "a" * 5000, "é", "a.b.c", "a.b.c.d"])
def test_what_is_no_refresh_token_is_refused(renewing: Site, token: str) -> None:
    assert_refused(refresh(renewing, token), 400, "invalid_grant")


def test_without_a_refresh_token_it_is_refused(renewing: Site) -> None:
    for token in (None, ""):
        assert_refused(
            post_token(renewing, grant_type="refresh_token", refresh_token=token), 400, "invalid_request"
        )


def test_other_tokens_are_no_refresh_tokens(member: Member, renewing: Site) -> None:
    attempt = renewing.attempt()
    tokens = tokens_for(member.browser, renewing)
    for other in (tokens["access_token"], tokens["id_token"], renewing.code_for(member.browser, attempt)):
        assert_refused(refresh(renewing, other), 400, "invalid_grant")


def test_a_changed_token_is_refused_and_hurts_nothing(member: Member, renewing: Site) -> None:
    token = tokens_for(member.browser, renewing)["refresh_token"]
    for changed in (token[:-1], token + "x", token[:40] + ("a" if token[40] != "a" else "b") + token[41:]):
        assert_refused(refresh(renewing, changed), 400, "invalid_grant")
    assert refresh(renewing, token).status_code == 200


def test_another_client_can_neither_use_nor_hurt_a_token(
    member: Member, renewing: Site, public_renewing: Site, center: Center
) -> None:
    thief = center.add_site(grant_types=CODE_AND_REFRESH)
    tokens = tokens_for(member.browser, renewing)
    for other in (thief, public_renewing):
        assert_refused(refresh(other, tokens["refresh_token"]), 400, "invalid_grant")
    assert renewing.introspect(tokens["access_token"])["active"] is True
    assert refresh(renewing, tokens["refresh_token"]).status_code == 200


def test_a_token_that_was_spent_long_ago_ends_its_family(
    member: Member, renewing: Site, center: Center
) -> None:
    first = tokens_for(member.browser, renewing)
    second = refreshed(renewing, first["refresh_token"])
    third = refreshed(renewing, second["refresh_token"])
    other = tokens_for(member.browser, renewing)
    center.move_clock(700)
    fourth = refreshed(renewing, third["refresh_token"])
    assert renewing.introspect(fourth["access_token"])["active"] is True
    assert_refused(refresh(renewing, first["refresh_token"]), 400, "invalid_grant")
    assert renewing.introspect(fourth["access_token"]) == {"active": False}
    assert_refused(refresh(renewing, fourth["refresh_token"]), 400, "invalid_grant")
    # What came of another code is another family, and the person stays signed in.
    assert refresh(renewing, other["refresh_token"]).status_code == 200


def test_a_code_presented_again_ends_the_refresh_token_as_well(member: Member, renewing: Site) -> None:
    attempt = renewing.attempt()
    code = renewing.code_for(member.browser, attempt)
    tokens = renewing.redeem(code, attempt).json()
    newer = refreshed(renewing, tokens["refresh_token"])
    assert_refused(renewing.redeem(code, attempt), 400, "invalid_grant")
    assert_refused(refresh(renewing, newer["refresh_token"]), 400, "invalid_grant")
    assert renewing.introspect(newer["access_token"]) == {"active": False}


def test_a_token_expires(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, refresh_token_lifetime=60)
    tokens = tokens_for(member.browser, site)
    center.move_clock(61)
    assert_refused(refresh(site, tokens["refresh_token"]), 400, "invalid_grant")


def test_a_token_dies_with_its_session(member: Member, renewing: Site, center: Center) -> None:
    tokens = tokens_for(member.browser, renewing)
    sign_out(member.browser, center)
    assert_refused(refresh(renewing, tokens["refresh_token"]), 400, "invalid_grant")


def test_a_disabled_person_gets_no_tokens(
    center: Center, renewing: Site, new_browser: Callable[..., Browser]
) -> None:
    somebody = center.add_person()
    attempt = renewing.attempt(scope="openid offline_access")
    browser = new_browser()
    page = browser.log_in(renewing.visit(browser, attempt), somebody.username, somebody.password)
    back = browser.follow(page, stop_at=renewing.redirect_uri)
    tokens = renewing.finish(renewing.code_in(back, attempt), attempt).answer
    center.services.users.set_disabled(somebody.sub, True)
    assert_refused(refresh(renewing, tokens["refresh_token"]), 400, "invalid_grant")


def test_a_revoked_token_is_refused(member: Member, renewing: Site) -> None:
    tokens = tokens_for(member.browser, renewing)
    assert revoke(renewing, tokens["refresh_token"]).status_code == 200
    assert_refused(refresh(renewing, tokens["refresh_token"]), 400, "invalid_grant")


def test_why_a_token_is_refused_is_said_to_nobody(member: Member, renewing: Site, center: Center) -> None:
    thief = center.add_site(grant_types=CODE_AND_REFRESH)
    revoked, good = (tokens_for(member.browser, renewing)["refresh_token"] for _ in range(2))
    revoke(renewing, revoked)
    refusals = (refresh(renewing, "x"), refresh(renewing, revoked), refresh(thief, good))
    assert len({answer.text for answer in refusals}) == 1


# The client is refused


def test_a_client_that_is_not_registered_for_it_is_refused(site: Site) -> None:
    assert_refused(refresh(site, "x"), 400, "unauthorized_client")


def test_a_client_that_may_not_refresh_any_more_is_refused_at_once(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH)
    token = tokens_for(member.browser, site)["refresh_token"]
    center.services.clients.update(site.client_id, grant_types=("authorization_code",))
    assert_refused(refresh(site, token), 400, "unauthorized_client")


def test_a_client_with_a_secret_can_not_leave_it_out(member: Member, renewing: Site) -> None:
    token = tokens_for(member.browser, renewing)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert_refused(renewing.post("/token", form, auth=None), 401, "invalid_client")
    named = {**form, "client_id": renewing.client_id}
    assert_refused(renewing.post("/token", named, auth=None), 401, "invalid_client")
    wrong = (renewing.client_id, "wrong")
    assert_refused(renewing.post("/token", form, auth=wrong), 401, "invalid_client")
    assert refresh(renewing, token).status_code == 200


def test_a_public_client_must_name_itself(member: Member, public_renewing: Site) -> None:
    token = tokens_for(member.browser, public_renewing)["refresh_token"]
    assert_refused(refresh(public_renewing, token, client_id=None), 401, "invalid_client")


def test_a_token_given_twice_is_refused(renewing: Site) -> None:
    answer = renewing.http.post(
        renewing.center.url("/token"),
        data="grant_type=refresh_token&refresh_token=x&refresh_token=y",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=renewing.auth,
        timeout=60,
    )
    assert_refused(answer, 400, "invalid_request")


# Without the session


def test_offline_access_outlives_the_session(member: Member, renewing: Site, center: Center) -> None:
    tokens = tokens_for(member.browser, renewing, scope="openid offline_access")
    assert tokens["scope"] == "openid offline_access"
    sign_out(member.browser, center)
    later = refreshed(renewing, tokens["refresh_token"])
    told = renewing.introspect(later["access_token"])
    assert told["sub"] == member.first.sub
    claims = jwt.decode(later["id_token"], options={"verify_signature": False})
    assert claims["auth_time"] == member.first.claims["auth_time"]


def test_an_id_token_without_a_session_still_says_whom_a_site_expects(
    member: Member, renewing: Site, center: Center
) -> None:
    tokens = tokens_for(member.browser, renewing, scope="openid offline_access")
    sign_out(member.browser, center)
    later = refreshed(renewing, tokens["refresh_token"])["id_token"]
    renewing.sign_in(member.browser, member.person)
    silent = renewing.attempt(prompt="none", id_token_hint=later)
    assert renewing.code_for(member.browser, silent)
    # It is no proof of any session, so a logout by it asks first.
    page = member.browser.get(f"{center.issuer}/logout?id_token_hint={later}")
    assert page.form("logout-confirm")


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_client_that_may_not_stay_any_more_has_nothing_left_of_offline_access(
    member: Member, center: Center, form: str
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access",), access_token_format=form)
    offline = tokens_for(member.browser, site, scope="openid offline_access")
    online = tokens_for(member.browser, site)
    later = refreshed(site, offline["refresh_token"])
    assert site.introspect(later["access_token"])["active"] is True
    center.services.clients.update(site.client_id, scopes=())
    for token in (later["access_token"], later["refresh_token"]):
        assert site.introspect(token) == {"active": False}
    assert_refused(refresh(site, later["refresh_token"]), 400, "invalid_grant")
    assert refresh(site, online["refresh_token"]).status_code == 200


def test_offline_access_is_given_to_who_is_registered_for_it(
    member: Member, site: Site, public_renewing: Site
) -> None:
    for other in (site, public_renewing):
        assert tokens_for(member.browser, other, scope="openid offline_access")["scope"] == "openid"


@pytest.mark.parametrize(("prompt", "granted"), [(None, "openid"), ("login", "openid")])
def test_a_third_party_gets_offline_access_only_when_the_person_is_asked(
    center: Center, person: Person, browser: Browser, prompt: str | None, granted: str
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access",), is_third_party=True)
    center.services.users.grant_consent(person.sub, site.client_id, ("openid", "offline_access"))
    attempt = site.attempt(scope="openid offline_access", prompt=prompt)
    page = browser.log_in(site.visit(browser, attempt), person.username, person.password)
    back = browser.follow(page, stop_at=site.redirect_uri)
    assert site.redeem(site.code_in(back, attempt), attempt).json()["scope"] == granted
