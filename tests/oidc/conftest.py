"""Sites at the shared center, and somebody who is signed in."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn, Site

AFTER_LOGOUT = "http://after.localhost:1/bye"


@dataclass(frozen=True)
class Member:
    """A person's browser with a live session, and what the site got when it was opened."""

    browser: Browser
    person: Person
    first: SignedIn

    @property
    def sid(self) -> str:
        """Return the session's public id."""
        return self.first.sid


@pytest.fixture(scope="session")
def site(center: Center) -> Site:
    """A site with a secret."""
    return center.add_site(post_logout_redirect_uris=(AFTER_LOGOUT,))


@pytest.fixture(scope="session")
def other_site(center: Center) -> Site:
    """Another site with a secret."""
    return center.add_site()


@pytest.fixture(scope="session")
def public_site(center: Center) -> Site:
    """A site without a secret, such as an app in the browser."""
    return center.add_site(is_public=True)


@pytest.fixture(scope="session")
def auditor(center: Center) -> Site:
    """A site that may ask about every token."""
    return center.add_site(may_introspect=True)


@pytest.fixture
def sign_in(site: Site, person: Person, new_browser: Callable[..., Browser]) -> Callable[[], Member]:
    """Sign the shared person in with a fresh browser: `sign_in()`."""

    def enter() -> Member:
        browser = new_browser()
        return Member(browser, person, site.sign_in(browser, person))

    return enter


@pytest.fixture
def member(sign_in: Callable[[], Member]) -> Member:
    """Somebody who has just signed in at the site."""
    return sign_in()
