"""APIs that know nothing of this center check its JWT access tokens by the standard (RFC 9068 section 4)."""

from typing import Any

import pytest
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn

API = "https://api.example/orders"


def published_keys(center: Center) -> KeySet:
    return KeySet.import_key_set(center.get("/jwks.json").json())


class Validator(JWTBearerTokenValidator):  # type: ignore[misc]
    """Authlib's, told where the keys are."""

    def __init__(self, center: Center, resource_server: str) -> None:
        super().__init__(issuer=center.issuer, resource_server=resource_server)
        self._center = center

    def get_jwks(self) -> KeySet:
        """Return the published keys."""
        return published_keys(self._center)

    def check(self, token: str, *scopes: str, **needed: Any) -> Any:
        """Return the claims of a token that this API accepts; raises OAuth2Error."""
        claims = self.authenticate_token(token)
        self.validate_token(claims, list(scopes), None, **needed)
        return claims


@pytest.fixture(params=["ES256", "RS256"])
def first(center: Center, browser: Browser, request: pytest.FixtureRequest) -> SignedIn:
    """What a site got whose JWT access tokens are for the API."""
    site = center.add_site(access_token_format="jwt", audiences=(API,), id_token_alg=request.param)
    return site.sign_in(browser, center.add_person(roles=("clerk",)))


def test_authlib_accepts_a_token_that_is_for_it(center: Center, first: SignedIn) -> None:
    claims = Validator(center, API).check(first.access_token, "openid", roles=["clerk"])
    assert (claims["sub"], claims["sid"]) == (first.sub, first.sid)


def test_authlib_refuses_what_is_not_for_it(center: Center, first: SignedIn, person: Person) -> None:
    with pytest.raises(OAuth2Error):
        Validator(center, "https://other.example").check(first.access_token)
    with pytest.raises(OAuth2Error):
        Validator(center, API).check(first.access_token, "admin")
    with pytest.raises(OAuth2Error):
        Validator(center, API).check(first.access_token, roles=["boss"])


def test_authlib_takes_no_id_token_for_an_access_token(center: Center, first: SignedIn) -> None:
    with pytest.raises(OAuth2Error):
        Validator(center, str(first.claims["aud"])).check(first.id_token)


def test_joserfc_checks_a_token_by_the_published_keys(center: Center, first: SignedIn) -> None:
    token = jwt.decode(first.access_token, published_keys(center), algorithms=["ES256", "RS256"])
    assert token.header["typ"] == "at+jwt"
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": center.issuer},
        aud={"essential": True, "value": API},
        sub={"essential": True, "value": first.sub},
        exp={"essential": True},
        nbf={"essential": True},
        jti={"essential": True},
    )
    rules.validate(token.claims)
