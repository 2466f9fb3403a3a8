"""Clients that know nothing of this center log in at it, as they would anywhere."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.clients.conftest import ForeignSite
from tests.harness.browser import Browser, Page
from tests.harness.center import Person

LIBRARIES = ("authlib", pytest.param("openid-client", marks=pytest.mark.needs_node))
each_library = pytest.mark.parametrize("library", LIBRARIES)
New = Callable[..., ForeignSite]


def shown(page: Page) -> dict[str, Any]:
    """Return what a site's home page shows of the person who is signed in."""
    assert page.status == 200, page.text
    return dict(json.loads(page.text))


@each_library
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_client_logs_in_with_each_algorithm(
    library: str, algorithm: str, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library, algorithm=algorithm)
    session = shown(site.enter(browser, person))
    assert jwt.get_unverified_header(session["id_token"])["alg"] == algorithm
    assert session["claims"]["preferred_username"] == person.username
    assert session["userinfo"]["sub"] == session["claims"]["sub"]
    assert session["userinfo"]["email"] == person.email


@each_library
def test_a_public_client_logs_in_by_pkce_alone(
    library: str, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library, is_public=True)
    assert shown(site.enter(browser, person))["claims"]["preferred_username"] == person.username


@pytest.mark.needs_node
def test_two_libraries_share_one_sign_in(new_foreign_site: New, browser: Browser, person: Person) -> None:
    one, other = new_foreign_site("authlib"), new_foreign_site("openid-client")
    first = shown(one.enter(browser, person))
    second = shown(other.enter(browser))
    assert first["claims"]["sid"] == second["claims"]["sid"]


@each_library
@pytest.mark.parametrize("is_public", [False, True])
def test_a_client_gets_new_tokens_without_the_browser(
    library: str, is_public: bool, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library, is_public=is_public)
    first = shown(site.enter(browser, person))["claims"]
    for _ in range(2):
        later = shown(browser.get(f"{site.url}/refresh"))
        assert later["token"]["refresh_token"]
        assert later["userinfo"]["sub"] == first["sub"]
        assert {later["claims"][name] == first[name] for name in ("sub", "sid", "auth_time")} == {True}


@each_library
def test_a_client_asks_what_its_token_stands_for(
    library: str, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library, form="jwt")
    first = shown(site.enter(browser, person))["claims"]
    told = shown(browser.get(f"{site.url}/introspect"))
    assert (told["active"], told["sub"], told["sid"]) == (True, first["sub"], first["sid"])
    assert (told["client_id"], told["aud"]) == (site.client_id, site.client_id)


@each_library
@pytest.mark.parametrize("is_public", [False, True])
def test_a_client_gives_its_tokens_back(
    library: str, is_public: bool, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library, is_public=is_public)
    shown(site.enter(browser, person))
    assert shown(browser.get(f"{site.url}/revoke")) == {"error": "invalid_grant"}
    if not is_public:
        assert shown(browser.get(f"{site.url}/introspect")) == {"active": False}


@each_library
def test_a_client_acts_for_itself(library: str, new_foreign_site: New, browser: Browser) -> None:
    site = new_foreign_site(library)
    got = shown(browser.get(f"{site.url}/robot"))
    assert got["token"]["scope"] == "orders"
    assert (got["told"]["active"], got["told"]["sub"]) == (True, site.client_id)
    assert "refresh_token" not in got["token"]


@each_library
def test_a_client_signs_out_of_everything(
    library: str, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library)
    shown(site.enter(browser, person))
    assert shown(browser.follow(browser.get(f"{site.url}/logout"))) == {"signed": "out"}
    back = site.enter(browser)
    assert back.url.startswith(site.center.issuer)
    assert back.form("password")
