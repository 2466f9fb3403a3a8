"""/introspect: does a token count right now, and who may ask."""

import pytest

from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member


def test_a_site_learns_about_its_own_token(member: Member, site: Site, center: Center) -> None:
    answer = site.post("/introspect", {"token": member.first.access_token})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told.pop("exp") - told.pop("iat") == 600
    assert told == {
        "active": True,
        "iss": center.issuer,
        "client_id": site.client_id,
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
    answer = site.http.get(site.center.url("/introspect"), params={"token": "x"}, auth=site.auth, timeout=30)
    assert answer.status_code == 405


def test_pages_of_other_sites_may_not_ask(site: Site) -> None:
    answer = site.http.options(
        site.center.url("/introspect"), headers={"Origin": "http://spa.example"}, timeout=30
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
