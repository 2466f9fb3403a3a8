"""What an ID token says, and how it is signed."""

from collections.abc import Callable

import jwt
import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.oidc.conftest import Member

ALWAYS = {
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "sid",
    "acr",
    "amr",
    "at_hash",
    "roles",
    "stamp",
}


def claims_for(member: Member, site: Site, **changes: str | None) -> dict[str, object]:
    attempt = site.attempt(**changes)
    tokens = site.redeem(site.code_for(member.browser, attempt), attempt).json()
    return jwt.decode(tokens["id_token"], options={"verify_signature": False})


def test_it_says_who_signed_in_when_and_how(member: Member, site: Site, center: Center) -> None:
    claims = member.first.claims
    assert set(claims) >= ALWAYS | {"preferred_username", "email", "email_verified"}
    assert claims["iss"] == center.issuer
    assert claims["aud"] == site.client_id
    assert claims["preferred_username"] == member.person.username
    assert claims["email"] == member.person.email
    assert claims["email_verified"] is False
    assert claims["amr"] == ["pwd"]
    assert claims["roles"] == []
    assert claims["exp"] - claims["iat"] == 600
    assert claims["auth_time"] <= claims["iat"]
    assert claims["sub"] != member.person.username
    assert 0 <= claims["stamp"] // 1000 - claims["auth_time"] <= 60


def test_it_says_only_what_the_scope_gives(member: Member, site: Site) -> None:
    assert set(claims_for(member, site, scope="openid")) == ALWAYS
    assert set(claims_for(member, site, scope="openid email")) == ALWAYS | {"email", "email_verified"}


def test_it_repeats_the_nonce_and_has_none_when_none_was_sent(member: Member, site: Site) -> None:
    assert claims_for(member, site, nonce="é 'x'")["nonce"] == "é 'x'"
    assert "nonce" not in claims_for(member, site, nonce=None)


def test_it_carries_the_persons_roles(
    center: Center, site: Site, new_browser: Callable[..., Browser]
) -> None:
    staff = center.add_person(roles=("staff", "admin"))
    assert sorted(site.sign_in(new_browser(), staff).claims["roles"]) == ["admin", "staff"]


def test_the_time_of_the_login_stays_while_tokens_are_issued(
    member: Member, site: Site, center: Center
) -> None:
    center.move_clock(30)
    assert claims_for(member, site)["auth_time"] == member.first.claims["auth_time"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_it_is_signed_as_the_client_chose(
    center: Center, person: Person, new_browser: Callable[..., Browser], algorithm: str
) -> None:
    site = center.add_site(id_token_alg=algorithm)
    signed_in = site.sign_in(new_browser(), person)
    header = jwt.get_unverified_header(signed_in.id_token)
    assert header["alg"] == algorithm
    assert header["typ"] == "JWT"
    assert signed_in.claims["at_hash"]
