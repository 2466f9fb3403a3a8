"""What the center says of itself, and its keys."""

from collections import Counter

import jwt
import pytest
import requests

from sso_center.base.profile import ProfileTable
from tests.harness.center import Center
from tests.harness.site import Site
from tests.oidc.conftest import Member

DISCOVERY = "/.well-known/openid-configuration"


def described(center: Center) -> dict[str, object]:
    return dict(center.get(DISCOVERY).json())


def test_its_endpoints_are_there(center: Center) -> None:
    told = described(center)
    assert told["issuer"] == center.issuer
    for name, address in told.items():
        if name.endswith(("_endpoint", "_uri")):
            assert str(address).startswith(center.issuer + "/"), name
            assert requests_status(center, str(address)) != 404, name


def requests_status(center: Center, address: str) -> int:
    return center.get(address.removeprefix(center.issuer)).status_code


def test_both_documents_say_the_same_and_may_be_cached(center: Center) -> None:
    for path in (DISCOVERY, "/.well-known/oauth-authorization-server"):
        answer = center.get(path)
        assert answer.json() == described(center)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_it_promises_what_it_keeps(center: Center) -> None:
    told = described(center)
    assert told["response_types_supported"] == ["code"]
    assert told["response_modes_supported"] == ["query"]
    assert told["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    personal = ["profile", "email", "phone", "address", "groups"]
    assert told["scopes_supported"] == ["openid", *personal, "offline_access"]
    with_secret = ["client_secret_basic", "client_secret_post"]
    assert told["token_endpoint_auth_methods_supported"] == [*with_secret, "none"]
    assert told["revocation_endpoint_auth_methods_supported"] == [*with_secret, "none"]
    assert told["introspection_endpoint_auth_methods_supported"] == with_secret
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert set(told["id_token_signing_alg_values_supported"]) == {"RS256", "ES256", "EdDSA"}  # type: ignore[call-overload]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["request_parameter_supported"] is False
    assert told["request_uri_parameter_supported"] is False
    assert told["backchannel_logout_session_supported"] is True


def test_the_claims_it_names_are_those_of_an_id_token(center: Center, member: Member) -> None:
    promised = set(described(center)["claims_supported"])  # type: ignore[call-overload]
    assert set(member.first.claims) == promised - unknown_of(member)


def unknown_of(member: Member) -> set[str]:
    """Return the claims of a profile that nobody has said of the person, or that only /userinfo tells."""
    said = {"name", "preferred_username", "email", "email_verified"}
    return {field.told_as for field in ProfileTable().fields} - said


def test_the_host_header_changes_nothing(center: Center) -> None:
    assert center.get(DISCOVERY, headers={"Host": "evil.example"}).json() == described(center)


@pytest.mark.parametrize("path", [DISCOVERY, "/jwks.json"])
def test_another_method_is_refused(center: Center, path: str) -> None:
    answer: requests.Response = center.http.post(center.url(path), timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"
    assert answer.json()["error"] == "invalid_request"


def test_the_keys_are_public_and_of_every_algorithm(center: Center) -> None:
    answer = center.get("/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    keys = answer.json()["keys"]
    # One that signs and one to come, at least.
    counted = Counter(key["alg"] for key in keys)
    assert set(counted) == {"ES256", "EdDSA", "RS256"}
    assert min(counted.values()) >= 2
    assert len({key["kid"] for key in keys}) == len(keys)
    private = {"d", "p", "q", "dp", "dq", "qi", "k"}
    assert not any(private & set(key) for key in keys)
    assert all(key["use"] == "sig" for key in keys)


def test_tokens_of_a_retired_key_can_still_be_checked(member: Member, site: Site, center: Center) -> None:
    signed_in = member.first
    before = published(center)
    center.services.keys.rotate()
    assert published(center) == {key["kid"] for key in center.services.keys.jwks()}
    later = site.sign_in(member.browser)
    assert before < published(center)
    assert site.verify(signed_in.id_token, nonce=signed_in.claims["nonce"])
    # The key that was to come was known before it signed.
    assert key_of(later.id_token) in before - {key_of(signed_in.id_token)}


def published(center: Center) -> set[str]:
    return {key["kid"] for key in center.get("/jwks.json").json()["keys"]}


def key_of(token: str) -> str:

    return str(jwt.get_unverified_header(token)["kid"])


def test_a_site_may_use_the_discovered_addresses(member: Member, site: Site, center: Center) -> None:
    told = described(center)
    answer = site.http.get(
        str(told["userinfo_endpoint"]),
        headers={"Authorization": f"Bearer {member.first.access_token}"},
        timeout=60,
    )
    assert answer.json()["sub"] == member.first.sub
