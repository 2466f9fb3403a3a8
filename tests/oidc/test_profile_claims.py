"""What sites are told of a profile: by scope, at /userinfo and in ID tokens, and no more."""

from collections.abc import Iterator
from urllib.parse import urlencode

import jwt
import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn, Site

FIELDS = '[{"name": "cost_center", "scope": "work"}, {"name": "floor", "claim": "https://x.example/floor"}]'
SCOPES = ("phone", "address", "groups", "work")

WHOLE = {
    "name": "Zoë Ä",
    "given_name": "Zoë",
    "family_name": "Ä",
    "middle_name": "M.",
    "nickname": "Zo",
    "profile": "https://example.org/zoe",
    "picture": "https://example.org/zoe.png",
    "website": "https://zoe.example.org/",
    "email": "zoe@example.org",
    "email_verified": True,
    "gender": "female",
    "birthdate": "0000-02-29",
    "zoneinfo": "Europe/Paris",
    "locale": "fr-CA",
    "phone_number": "+14255551212",
    "phone_number_verified": True,
    "address": {"street_address": "1 Rue A\nBât. B", "country": "FR"},
    "groups": ["admins", "staff"],
    "cost_center": "42",
    "floor": "3",
}
BY_SCOPE = {
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
    "groups": {"groups"},
    "work": {"cost_center"},
}
ONLY_AT_USERINFO = {"profile", "picture", "website", "address", "updated_at"}


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    """A center whose operator adds two fields."""
    made = Center(tmp_path_factory.mktemp("profiles"), settings={"SSO_PROFILE_FIELDS": FIELDS})
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="module")
def site(center: Center) -> Site:
    return center.add_site(scopes=SCOPES)


@pytest.fixture(scope="module")
def zoe(center: Center) -> Person:
    person = center.add_person()
    center.services.users.update(person.sub, profile=WHOLE)
    return person


def signed_in(site: Site, person: Person, browser: Browser, scope: str) -> SignedIn:
    attempt = site.attempt(scope=scope)
    page = browser.log_in(site.visit(browser, attempt), person.username, person.password)
    return site.finish(site.code_in(browser.follow(page, stop_at=site.redirect_uri), attempt), attempt)


def told(site: Site, person: Person, browser: Browser, scope: str) -> dict[str, object]:
    return dict(site.userinfo(signed_in(site, person, browser, scope).access_token).json())


@pytest.mark.parametrize("scope", BY_SCOPE)
def test_a_scope_gives_its_claims_and_no_others(
    site: Site, zoe: Person, browser: Browser, scope: str
) -> None:
    claims = told(site, zoe, browser, f"openid {scope}")
    assert set(claims) == {"sub", "roles"} | BY_SCOPE[scope]
    assert all(claims[name] == WHOLE[name] for name in BY_SCOPE[scope])


def test_every_field_is_told_with_all_scopes(
    site: Site, zoe: Person, browser: Browser, center: Center
) -> None:
    signed = signed_in(site, zoe, browser, f"openid profile email {' '.join(SCOPES)}")
    claims = site.userinfo(signed.access_token).json()
    changed_at = center.services.users.get(zoe.sub).changed_at
    of_the_account = {"sub": zoe.sub, "roles": [], "preferred_username": zoe.username}
    named = {name: value for name, value in WHOLE.items() if name != "floor"} | {
        "https://x.example/floor": "3"
    }
    assert claims == {**named, **of_the_account, "updated_at": changed_at // 1000}


def test_what_is_long_is_told_at_userinfo_and_not_in_id_tokens(
    site: Site, zoe: Person, browser: Browser
) -> None:
    signed = signed_in(site, zoe, browser, f"openid profile email {' '.join(SCOPES)}")
    everything = site.userinfo(signed.access_token).json()
    assert set(everything) - set(signed.claims) == ONLY_AT_USERINFO
    assert all(signed.claims[name] == everything[name] for name in set(everything) - ONLY_AT_USERINFO)
    access = site.introspect(signed.access_token)
    assert not set(WHOLE) & set(access)


@pytest.mark.parametrize("letter", ["Ж", "中", "x"])
def test_the_largest_profile_leaves_id_tokens_short_enough_for_a_hint(
    center: Center, browser: Browser, letter: str
) -> None:
    own = ("name", "given_name", "family_name", "middle_name", "nickname", "gender")
    profile = dict.fromkeys(own, letter * 200) | {"cost_center": "7", "email": "z@example.org"}
    profile |= {"groups": [f"{number:099d}" for number in range(20)], "email_verified": True}
    person = center.add_person()
    center.services.users.update(person.sub, profile=profile)
    site = center.add_site(scopes=SCOPES, post_logout_redirect_uris=("https://site.example/out",))
    signed = signed_in(site, person, browser, f"openid profile email {' '.join(SCOPES)}")
    assert site.userinfo(signed.access_token).json().items() >= profile.items()
    always = {"name", "preferred_username", "email", "email_verified", "cost_center"}
    assert always <= set(signed.claims)
    assert "groups" not in signed.claims
    assert len(signed.id_token) < 2500
    silent = browser.get(site.attempt(prompt="none", id_token_hint=signed.id_token).url)
    assert "code" in silent.query, silent.text
    asked = {"id_token_hint": signed.id_token, "post_logout_redirect_uri": "https://site.example/out"}
    assert browser.get(center.url(f"/logout?{urlencode(asked)}")).location == "https://site.example/out"


def test_nothing_is_told_of_what_is_not_known(site: Site, center: Center, browser: Browser) -> None:
    claims = told(site, center.add_person(), browser, "openid profile email phone address groups work")
    assert set(claims) == {
        "sub", "roles", "name", "preferred_username", "email", "email_verified", "updated_at"
    }  # fmt: skip
    assert claims["email_verified"] is False


def test_a_changed_field_is_told_from_the_next_request_on(
    site: Site, center: Center, browser: Browser
) -> None:
    person = center.add_person()
    signed = signed_in(site, person, browser, "openid profile")
    assert "nickname" not in site.userinfo(signed.access_token).json()
    center.services.users.update(person.sub, profile={"nickname": "Al"})
    assert site.userinfo(signed.access_token).json()["nickname"] == "Al"


def test_a_scope_must_be_registered(center: Center, zoe: Person, browser: Browser) -> None:
    plain = center.add_site()
    signed = signed_in(plain, zoe, browser, "openid phone address groups work")
    assert signed.answer["scope"] == "openid"
    assert not set(WHOLE) & set(signed.claims)


def test_discovery_names_every_scope_and_claim(center: Center) -> None:
    document = center.get("/.well-known/openid-configuration").json()
    assert document["scopes_supported"] == [
        "openid", "profile", "email", "phone", "address", "groups", "work", "offline_access"
    ]  # fmt: skip
    names = (set(WHOLE) - {"floor"}) | {
        "sub",
        "roles",
        "preferred_username",
        "updated_at",
        "https://x.example/floor",
    }
    assert names <= set(document["claims_supported"])
    assert len(set(document["claims_supported"])) == len(document["claims_supported"])


def test_a_client_for_itself_gets_no_scope_of_a_person(center: Center) -> None:
    site = center.add_site(
        grant_types=("authorization_code", "client_credentials"), scopes=(*SCOPES, "orders")
    )
    answer = site.post("/token", {"grant_type": "client_credentials"})
    assert answer.json()["scope"] == "orders"
    for scope in ("phone", "work"):
        refused = site.post("/token", {"grant_type": "client_credentials", "scope": scope})
        assert refused.json()["error"] == "invalid_scope"


def test_somebody_else_s_site_is_asked_for_by_what_it_would_be_told(
    center: Center, zoe: Person, browser: Browser
) -> None:
    partner = center.add_site(is_third_party=True, scopes=SCOPES)
    attempt = partner.attempt(scope="openid profile phone address groups work")
    login = partner.visit(browser, attempt)
    page = browser.follow(browser.log_in(login, zoe.username, zoe.password), stop_at=partner.redirect_uri)
    for words in (
        "Your name and profile",
        "Your phone number",
        "Your postal address",
        "Your groups",
        "Cost center",
    ):
        assert f"<h2>{words}</h2>" in page.text, words
    for value in (
        "Birthdate: 0000-02-29",
        "+14255551212",
        "1 Rue A, Bât. B, FR",
        "admins, staff",
        "<p>42</p>",
    ):
        assert value in page.text, value
    back = browser.follow(browser.submit(page, "consent-allow"), stop_at=partner.redirect_uri)
    signed = partner.finish(partner.code_in(back, attempt), attempt)
    assert jwt.decode(signed.id_token, options={"verify_signature": False})["cost_center"] == "42"
    account = browser.get(center.url("/account")).text
    for words in ("your phone number", "your postal address", "your groups", "Cost center"):
        assert words in account, words
