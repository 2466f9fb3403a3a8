"""/introspect: does a token count right now, and who may ask."""

import pytest

from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member
from tests.oidc.exchange import CODE_AND_REFRESH, refreshed, tokens_for


def test_a_site_learns_about_its_own_token(member: Member, site: Site, center: Center) -> None:
    answer = site.post("/introspect", {"token": member.first.access_token})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told.pop("exp") - told["iat"] == 600
    assert told.pop("nbf") == told.pop("iat")
    assert told.pop("jti")
    assert told == {
        "active": True,
        "iss": center.issuer,
        "client_id": site.client_id,
        "aud": site.client_id,
        "token_type": "Bearer",
        "scope": "openid profile email",
        "sub": member.first.sub,
        "username": member.person.username,
        "roles": [],
        "sid": member.sid,
    }


def test_the_secret_may_come_in_the_body(member: Member, site: Site) -> None:
    form = {
        "token": member.first.access_token,
        "token_type_hint": "access_token",
        "client_id": site.client_id,
        "client_secret": site.client_secret,
    }
    assert site.post("/introspect", form, auth=None).json()["active"] is True


def test_another_site_learns_nothing(member: Member, other_site: Site) -> None:
    assert other_site.introspect(member.first.access_token) == {"active": False}


def test_a_site_that_may_introspect_learns_about_every_token(
    member: Member, auditor: Site, site: Site
) -> None:
    assert auditor.introspect(member.first.access_token)["client_id"] == site.client_id


def test_a_site_that_may_not_introspect_any_more_learns_nothing_at_once(
    member: Member, center: Center
) -> None:
    curious = center.add_site(may_introspect=True)
    assert curious.introspect(member.first.access_token)["active"] is True
    center.services.clients.update(curious.client_id, may_introspect=False)
    assert curious.introspect(member.first.access_token) == {"active": False}


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_api_learns_about_the_tokens_that_are_for_it(
    member: Member, center: Center, other_site: Site, form: str
) -> None:
    api, second = center.add_site(grant_types=("client_credentials",)), center.add_site()
    shop = center.add_site(access_token_format=form, audiences=(api.client_id, second.client_id))
    token = tokens_for(member.browser, shop)["access_token"]
    told = api.introspect(token)
    assert (told["client_id"], told["sub"]) == (shop.client_id, member.first.sub)
    assert told["aud"] == [api.client_id, second.client_id]
    for other in (second, shop):
        assert other.introspect(token) == told
    assert other_site.introspect(token) == {"active": False}


def test_each_token_has_an_id_of_its_own(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH)
    first = tokens_for(member.browser, site)
    second = refreshed(site, first["refresh_token"])
    assert len({site.introspect(tokens["access_token"])["jti"] for tokens in (first, second)}) == 2


def test_a_refresh_token_is_for_its_own_site_alone(member: Member, center: Center, auditor: Site) -> None:
    api = center.add_site()
    site = center.add_site(grant_types=CODE_AND_REFRESH, audiences=(api.client_id,))
    token = tokens_for(member.browser, site)["refresh_token"]
    told = site.introspect(token)
    assert (told["active"], told["sub"], told["client_id"]) == (True, member.first.sub, site.client_id)
    # Nothing that takes bearer tokens may mistake it for one.
    assert "token_type" not in told
    for other in (api, auditor):
        assert other.introspect(token) == {"active": False}


@pytest.mark.parametrize("token", ["x", "00" + "a" * 43, "zz" + "a" * 43, "a" * 3000, "é", "a.b.c"])
def test_what_is_no_token_is_inactive(site: Site, token: str) -> None:
    assert site.introspect(token) == {"active": False}


def test_an_id_token_is_inactive(member: Member, site: Site) -> None:
    assert site.introspect(member.first.id_token) == {"active": False}


def test_an_expired_token_is_inactive(member: Member, site: Site, center: Center) -> None:
    center.move_clock(601)
    assert site.introspect(member.first.access_token) == {"active": False}


def test_a_token_is_inactive_as_soon_as_its_session_ended(member: Member, site: Site) -> None:
    assert site.introspect(member.first.access_token)["active"] is True
    member.browser.submit(member.browser.get(site.center.url("/logout")), "logout-confirm")
    assert site.introspect(member.first.access_token) == {"active": False}


def test_without_a_token_it_is_refused(site: Site) -> None:
    answer = site.post("/introspect", {})
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_a_wrong_secret_is_refused(member: Member, site: Site) -> None:
    answer = site.post("/introspect", {"token": member.first.access_token}, auth=(site.client_id, "wrong"))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


def test_nobody_may_ask_without_a_secret(member: Member, public_site: Site) -> None:
    form = {"token": member.first.access_token}
    assert public_site.post("/introspect", form, auth=None).status_code == 401
    named = {**form, "client_id": public_site.client_id}
    assert public_site.post("/introspect", named, auth=None).status_code == 401


def test_another_method_is_refused(site: Site) -> None:
    answer = site.http.get(site.center.url("/introspect"), params={"token": "x"}, auth=site.auth, timeout=60)
    assert answer.status_code == 405


def test_pages_of_other_sites_may_not_ask(site: Site) -> None:
    answer = site.http.options(
        site.center.url("/introspect"), headers={"Origin": "http://spa.example"}, timeout=60
    )
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_rotated_secret_is_refused_at_once(member: Member, center: Center) -> None:
    site = center.add_site()
    token = site.sign_in(member.browser).access_token
    assert site.introspect(token)["active"] is True
    center.services.clients.rotate_secret(site.client_id)
    assert site.post("/introspect", {"token": token}).status_code == 401


def test_a_removed_sites_tokens_are_inactive_for_all(member: Member, auditor: Site, center: Center) -> None:
    site = center.add_site()
    token = site.sign_in(member.browser).access_token
    center.services.clients.remove(site.client_id)
    assert site.post("/introspect", {"token": token}).status_code == 401
    assert auditor.introspect(token) == {"active": False}
