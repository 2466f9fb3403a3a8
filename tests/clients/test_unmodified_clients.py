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
def test_a_client_signs_out_of_everything(
    library: str, new_foreign_site: New, browser: Browser, person: Person
) -> None:
    site = new_foreign_site(library)
    shown(site.enter(browser, person))
    assert shown(browser.follow(browser.get(f"{site.url}/logout"))) == {"signed": "out"}
    back = site.enter(browser)
    assert back.url.startswith(site.center.issuer)
    assert back.form("password")
