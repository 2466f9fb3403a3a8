"""Access tokens as JWTs: what they say, how they are signed, and what they are not."""

import jwt
import pytest

from tests.harness.center import Center
from tests.harness.site import Site, at_hash_of
from tests.oidc.conftest import Member
from tests.oidc.exchange import CODE_AND_REFRESH, given, post_token, refreshed, tokens_for

ALWAYS = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "stamp", "epoch"}
OF_A_SESSION = {"sid", "roles", "auth_time", "acr", "amr"}


@pytest.fixture(scope="session")
def shop(center: Center) -> Site:
    """A site whose access tokens are JWTs."""
    return center.add_site(access_token_format="jwt", grant_types=(*CODE_AND_REFRESH, "client_credentials"))


def claims_in(site: Site, token: str) -> dict[str, object]:
    keys = jwt.PyJWKSet.from_dict(site.http.get(site.center.url("/jwks.json"), timeout=60).json())
    header = jwt.get_unverified_header(token)
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    return jwt.decode(
        token, keys[header["kid"]].key, algorithms=[header["alg"]], audience=site.client_id, options=options
    )


def test_it_says_what_the_standard_asks_for(member: Member, shop: Site, center: Center) -> None:
    tokens = tokens_for(member.browser, shop)
    token = tokens["access_token"]
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    claims = claims_in(shop, token)
    assert set(claims) == ALWAYS | OF_A_SESSION
    assert claims["iss"] == center.issuer
    assert claims["sub"] == member.first.sub
    assert claims["client_id"] == shop.client_id
    assert claims["scope"] == "openid profile email"
    assert claims["sid"] == member.sid
    for name in ("auth_time", "acr", "amr", "roles"):
        assert claims[name] == member.first.claims[name], name
    assert (claims["exp"], claims["nbf"]) == (claims["iat"] + 600, claims["iat"])
    told = shop.introspect(token)
    for name in ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "sid", "roles"):
        assert told[name] == claims[name], name


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_it_is_signed_as_the_client_chose_and_bound_to_the_id_token(
    member: Member, center: Center, algorithm: str
) -> None:
    site = center.add_site(access_token_format="jwt", id_token_alg=algorithm)
    tokens = tokens_for(member.browser, site)
    assert jwt.get_unverified_header(tokens["access_token"])["alg"] == algorithm
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert claims["at_hash"] == at_hash_of(tokens["access_token"], algorithm)
    assert site.userinfo(tokens["access_token"]).json()["sub"] == member.first.sub


def test_a_client_of_its_own_is_the_subject(shop: Site, member: Member) -> None:
    token = given(post_token(shop, grant_type="client_credentials"), shop)["access_token"]
    claims = claims_in(shop, token)
    assert (claims["sub"], claims["client_id"]) == (shop.client_id, shop.client_id)
    assert not OF_A_SESSION & set(claims)
    assert shop.introspect(token)["active"] is True


def test_a_refresh_gives_another(member: Member, shop: Site) -> None:
    first = tokens_for(member.browser, shop)
    second = refreshed(shop, first["refresh_token"])
    one, other = (claims_in(shop, tokens["access_token"]) for tokens in (first, second))
    assert one["jti"] != other["jti"]
    assert one["sid"] == other["sid"]
    assert one["auth_time"] == other["auth_time"]


def test_it_dies_with_its_session(member: Member, shop: Site) -> None:
    token = tokens_for(member.browser, shop)["access_token"]
    member.browser.submit(member.browser.get(shop.center.url("/logout")), "logout-confirm")
    assert shop.introspect(token) == {"active": False}
    assert shop.userinfo(token).status_code == 401


def test_it_expires(member: Member, shop: Site, center: Center) -> None:
    token = tokens_for(member.browser, shop)["access_token"]
    center.move_clock(601)
    assert shop.introspect(token) == {"active": False}


def test_a_changed_one_is_inactive(member: Member, shop: Site, center: Center) -> None:
    token = tokens_for(member.browser, shop)["access_token"]
    head, body, signature = token.split(".")
    other = tokens_for(member.browser, shop)["access_token"].split(".")
    unsigned = jwt.encode(claims_in(shop, token), None, algorithm="none", headers={"typ": "at+jwt"})
    by_secret = jwt.encode(
        claims_in(shop, token),
        "k" * 64,
        algorithm="HS256",
        headers={**jwt.get_unverified_header(token), "alg": "HS256"},
    )
    for forged in (
        f"{head}.{other[1]}.{signature}",
        f"{other[0]}.{body}.{other[2]}",
        f"{head}.{body}.",
        f"{head}.{body}",
        unsigned,
        by_secret,
    ):
        assert shop.introspect(forged) == {"active": False}
        assert shop.userinfo(forged).status_code == 401


def test_an_id_token_is_never_one(member: Member, shop: Site) -> None:
    tokens = tokens_for(member.browser, shop)
    assert shop.introspect(tokens["id_token"]) == {"active": False}
    assert shop.userinfo(tokens["id_token"]).status_code == 401


def test_it_is_no_hint_of_who_is_signed_in(member: Member, shop: Site) -> None:
    token = tokens_for(member.browser, shop)["access_token"]
    back = member.browser.get(shop.attempt(prompt="none", id_token_hint=token).url).query
    assert back["error"] == "invalid_request"
