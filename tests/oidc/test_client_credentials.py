"""grant_type=client_credentials: a token of the client's own, and every refusal."""

import pytest

from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.exchange import assert_refused, given, post_token, revoke

FOR_ITSELF = "client_credentials"


@pytest.fixture(scope="session")
def robot(center: Center) -> Site:
    """A program that acts for itself."""
    return center.add_site(grant_types=(FOR_ITSELF,), scopes=("orders", "stock"))


def test_it_gives_an_access_token_and_nothing_else(robot: Site) -> None:
    tokens = given(post_token(robot, grant_type=FOR_ITSELF), robot)
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    # All that it is registered with, but for what speaks of a person.
    assert tokens["scope"] == "orders stock"


def test_less_scope_may_be_asked_for(robot: Site) -> None:
    assert given(post_token(robot, grant_type=FOR_ITSELF, scope="stock"), robot)["scope"] == "stock"


def test_without_a_scope_of_its_own_the_token_has_none(center: Center) -> None:
    site = center.add_site(grant_types=(FOR_ITSELF,))
    tokens = given(post_token(site, grant_type=FOR_ITSELF), site)
    assert "scope" not in tokens
    assert "scope" not in site.introspect(tokens["access_token"])


def test_the_client_is_its_own_subject(robot: Site, center: Center) -> None:
    token = given(post_token(robot, grant_type=FOR_ITSELF), robot)["access_token"]
    told = robot.introspect(token)
    assert told.pop("exp") - told["iat"] == 600
    assert told.pop("nbf") == told.pop("iat")
    assert told.pop("jti")
    assert told == {
        "active": True,
        "iss": center.issuer,
        "client_id": robot.client_id,
        "sub": robot.client_id,
        "aud": robot.client_id,
        "token_type": "Bearer",
        "scope": "orders stock",
    }


def test_it_says_nothing_of_a_person(robot: Site) -> None:
    token = given(post_token(robot, grant_type=FOR_ITSELF), robot)["access_token"]
    answer = robot.userinfo(token)
    assert_refused(answer, 403, "insufficient_scope")
    assert 'scope="openid"' in answer.headers["WWW-Authenticate"]


def test_it_expires(robot: Site, center: Center) -> None:
    token = given(post_token(robot, grant_type=FOR_ITSELF), robot)["access_token"]
    center.move_clock(601)
    assert robot.introspect(token) == {"active": False}


def test_it_can_be_given_back(robot: Site) -> None:
    one, other = (given(post_token(robot, grant_type=FOR_ITSELF), robot)["access_token"] for _ in range(2))
    assert revoke(robot, one).status_code == 200
    assert robot.introspect(one) == {"active": False}
    assert robot.introspect(other)["active"] is True


def test_it_ends_with_the_client(center: Center, auditor: Site) -> None:
    site = center.add_site(grant_types=(FOR_ITSELF,))
    token = given(post_token(site, grant_type=FOR_ITSELF), site)["access_token"]
    assert auditor.introspect(token)["active"] is True
    center.services.clients.remove(site.client_id)
    assert auditor.introspect(token) == {"active": False}


@pytest.mark.parametrize(
    "scope", ["admin", "orders admin", "openid", "orders profile", "email", "offline_access", "a  b", 'a"']
)
def test_a_scope_that_it_may_not_have_is_refused(robot: Site, scope: str) -> None:
    assert_refused(post_token(robot, grant_type=FOR_ITSELF, scope=scope), 400, "invalid_scope")


def test_a_client_that_is_not_registered_for_it_is_refused(site: Site, public_site: Site) -> None:
    for other in (site, public_site):
        assert_refused(post_token(other, grant_type=FOR_ITSELF), 400, "unauthorized_client")


def test_a_client_that_may_not_any_more_is_refused_at_once(center: Center) -> None:
    site = center.add_site(grant_types=(FOR_ITSELF, "authorization_code"))
    assert post_token(site, grant_type=FOR_ITSELF).status_code == 200
    center.services.clients.update(site.client_id, grant_types=("authorization_code",))
    assert_refused(post_token(site, grant_type=FOR_ITSELF), 400, "unauthorized_client")


def test_it_takes_the_secret(robot: Site) -> None:
    form = {"grant_type": FOR_ITSELF}
    assert_refused(robot.post("/token", form, auth=(robot.client_id, "wrong")), 401, "invalid_client")
    assert_refused(robot.post("/token", form, auth=None), 401, "invalid_client")
    named = {**form, "client_id": robot.client_id}
    assert_refused(robot.post("/token", named, auth=None), 401, "invalid_client")


def test_a_client_of_this_kind_gets_no_codes(robot: Site) -> None:
    assert_refused(
        post_token(robot, grant_type="authorization_code", code="x", redirect_uri=robot.redirect_uri),
        400,
        "unauthorized_client",
    )
    back = robot.center.get(robot.attempt().url.removeprefix(robot.center.issuer))
    assert back.headers["Location"].startswith(robot.redirect_uri)
    assert "error=unauthorized_client" in back.headers["Location"]
