"""/revoke: tokens given back, whose they are, and every refusal."""

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member
from tests.oidc.exchange import CODE_AND_REFRESH, assert_refused, refresh, refreshed, revoke, tokens_for

OFFLINE = "openid offline_access"


@pytest.fixture(scope="session")
def renewing(center: Center) -> Site:
    """A site with a secret that may refresh."""
    return center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access",))


def sids_of(center: Center, member: Member) -> set[str]:
    return {view.sid for view in center.services.sessions.of_user(member.first.sub)}


def test_a_refresh_token_takes_all_of_its_family_along(member: Member, renewing: Site) -> None:
    first = tokens_for(member.browser, renewing)
    other = tokens_for(member.browser, renewing)
    second = refreshed(renewing, first["refresh_token"])
    answer = revoke(renewing, second["refresh_token"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    for tokens in (first, second):
        assert renewing.introspect(tokens["access_token"]) == {"active": False}
        assert_refused(refresh(renewing, tokens["refresh_token"]), 400, "invalid_grant")
    # Another log-in's tokens and the session itself go on.
    assert renewing.introspect(other["access_token"])["active"] is True
    assert renewing.is_alive(member.sid)


@pytest.mark.parametrize("later", [0, 700])
def test_a_refresh_token_that_was_used_already_ends_its_family_as_well(
    member: Member, renewing: Site, center: Center, later: int
) -> None:
    first = tokens_for(member.browser, renewing)
    second = refreshed(renewing, first["refresh_token"])
    center.move_clock(later)
    third = refreshed(renewing, second["refresh_token"])
    assert revoke(renewing, first["refresh_token"]).status_code == 200
    assert_refused(refresh(renewing, third["refresh_token"]), 400, "invalid_grant")
    assert renewing.introspect(third["access_token"]) == {"active": False}


def test_an_offline_token_can_be_given_back(member: Member, renewing: Site) -> None:
    tokens = tokens_for(member.browser, renewing, scope=OFFLINE)
    assert revoke(renewing, tokens["refresh_token"]).status_code == 200
    assert_refused(refresh(renewing, tokens["refresh_token"]), 400, "invalid_grant")
    assert renewing.introspect(tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_access_token_goes_alone(member: Member, center: Center, form: str) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format=form)
    first = tokens_for(member.browser, site)
    second = refreshed(site, first["refresh_token"])
    assert revoke(site, second["access_token"]).status_code == 200
    assert site.introspect(second["access_token"]) == {"active": False}
    assert site.userinfo(second["access_token"]).status_code == 401
    assert site.introspect(first["access_token"])["active"] is True
    third = refreshed(site, second["refresh_token"])
    assert site.introspect(third["access_token"])["active"] is True


def test_an_app_token_ends_its_session(member: Member, center: Center, auditor: Site) -> None:
    app = center.add_site(is_public=True, access_token_format="app")
    token = tokens_for(member.browser, app, device_id="phone")["access_token"]
    assert app.userinfo(token).status_code == 200
    sid = str(auditor.introspect(token)["sid"])
    assert sid in sids_of(center, member)
    assert revoke(app, token).status_code == 200
    assert app.userinfo(token).status_code == 401
    assert sid not in sids_of(center, member)
    # The browser that the app logged in with is another session.
    assert member.browser.get(app.attempt(prompt="none").url).query.get("code")


def test_an_app_token_that_was_replaced_long_ago_ends_its_session_as_well(
    member: Member, center: Center, auditor: Site
) -> None:
    app = center.add_site(is_public=True, access_token_format="app")
    first = tokens_for(member.browser, app, device_id="phone")["access_token"]
    center.move_clock(7201)
    second = auditor.introspect(first)["successor"]
    assert app.userinfo(second).status_code == 200
    center.move_clock(61)
    assert revoke(app, first).status_code == 200
    assert app.userinfo(second).status_code == 401


def test_a_public_client_gives_its_own_back(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, is_public=True)
    tokens = tokens_for(member.browser, site)
    assert revoke(site, tokens["refresh_token"]).status_code == 200
    assert_refused(refresh(site, tokens["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "pigeon", ""])
def test_the_hint_may_be_wrong(member: Member, renewing: Site, hint: str) -> None:
    token = tokens_for(member.browser, renewing)["access_token"]
    assert revoke(renewing, token, token_type_hint=hint).status_code == 200
    assert renewing.introspect(token) == {"active": False}


def test_who_gave_it_back_is_written_down(renewing: Site, center: Center, browser: Browser) -> None:
    first = renewing.sign_in(browser, center.add_person())
    revoke(renewing, first.access_token)
    revoke(renewing, first.answer["refresh_token"])
    actor = f"client:{renewing.client_id}"
    written = center.services.audit.latest(sub=first.sub)
    by_site = {entry.tag for entry in written if entry.actor == actor}
    assert by_site == {"center:token:revoke", "center:family:revoke"}


# Nothing to do


@pytest.mark.parametrize(
    "token", ["x", "00" + "a" * 43, "zz" + "a" * 43, "a" * 3000, "é", "a.b.c", "0.0.0.x"]
)
def test_what_is_no_token_needs_no_revocation(renewing: Site, token: str) -> None:
    answer = revoke(renewing, token)
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_is_dead_already_needs_no_revocation(member: Member, renewing: Site, center: Center) -> None:
    tokens = tokens_for(member.browser, renewing)
    for _ in range(2):
        assert revoke(renewing, tokens["refresh_token"]).status_code == 200
    expired = tokens_for(member.browser, renewing)["access_token"]
    center.move_clock(601)
    assert revoke(renewing, expired).status_code == 200


def test_an_id_token_is_nothing_to_revoke(member: Member, renewing: Site) -> None:
    tokens = tokens_for(member.browser, renewing)
    assert revoke(renewing, tokens["id_token"]).status_code == 200
    assert renewing.introspect(tokens["access_token"])["active"] is True


# Refused


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_clients_token_is_not_revoked(
    member: Member, renewing: Site, other_site: Site, public_site: Site, auditor: Site, kind: str
) -> None:
    tokens = tokens_for(member.browser, renewing)
    for other in (other_site, public_site, auditor):
        assert_refused(revoke(other, tokens[kind]), 400, "invalid_grant")
    assert renewing.introspect(tokens["access_token"])["active"] is True
    assert refresh(renewing, tokens["refresh_token"]).status_code == 200


def test_another_clients_app_token_is_not_revoked(member: Member, center: Center, other_site: Site) -> None:
    app = center.add_site(is_public=True, access_token_format="app")
    token = tokens_for(member.browser, app, device_id="phone")["access_token"]
    assert_refused(revoke(other_site, token), 400, "invalid_grant")
    assert app.userinfo(token).status_code == 200


def test_a_client_that_can_not_be_told_is_refused(member: Member, renewing: Site, public_site: Site) -> None:
    token = tokens_for(member.browser, renewing)["refresh_token"]
    form = {"token": token}
    for refused in (
        renewing.post("/revoke", form, auth=(renewing.client_id, "wrong")),
        renewing.post("/revoke", form, auth=None),
        renewing.post("/revoke", {**form, "client_id": renewing.client_id}, auth=None),
        renewing.post("/revoke", form, auth=(public_site.client_id, "x")),
    ):
        assert_refused(refused, 401, "invalid_client")
    assert refresh(renewing, token).status_code == 200


def test_a_rotated_secret_is_refused_at_once(member: Member, center: Center) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH)
    token = tokens_for(member.browser, site)["refresh_token"]
    secret = center.services.clients.rotate_secret(site.client_id)
    assert_refused(revoke(site, token), 401, "invalid_client")
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert site.post("/token", form, auth=(site.client_id, secret)).status_code == 200


def test_without_a_token_it_is_refused(renewing: Site) -> None:
    for form in ({}, {"token": ""}, {"token_type_hint": "access_token"}):
        assert_refused(renewing.post("/revoke", form), 400, "invalid_request")


def test_a_token_given_twice_is_refused(renewing: Site) -> None:
    answer = renewing.http.post(
        renewing.center.url("/revoke"),
        data="token=x&token=y",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=renewing.auth,
        timeout=60,
    )
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_another_method_is_refused(renewing: Site, method: str) -> None:
    answer = renewing.http.request(method, renewing.center.url("/revoke"), auth=renewing.auth, timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_token_in_the_address_is_not_looked_at(member: Member, renewing: Site) -> None:
    token = tokens_for(member.browser, renewing)["refresh_token"]
    assert_refused(renewing.post("/revoke", {}, params={"token": token}), 400, "invalid_request")
    assert refresh(renewing, token).status_code == 200


def test_a_page_of_any_site_may_give_back_for_a_public_client(public_site: Site) -> None:
    url = public_site.center.url("/revoke")
    before = public_site.http.options(url, headers={"Origin": "http://spa.example"}, timeout=60)
    assert before.status_code == 204
    assert before.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in before.headers
    assert revoke(public_site, "x").headers["Access-Control-Allow-Origin"] == "*"
