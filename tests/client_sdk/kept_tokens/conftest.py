"""Sites that keep tokens, and what can be seen of them from outside."""

from collections.abc import Callable

import pytest

from client_sdk.testing import FakeCenter
from tests.client_sdk.sites import RunningSite
from tests.harness.browser import Browser

NewSite = Callable[..., RunningSite]


@pytest.fixture(params=["cookie", "redis"])
def site(request: pytest.FixtureRequest, new_site: NewSite, center: FakeCenter) -> RunningSite:
    """A site that keeps tokens, with each kind of local session."""
    center.gives_refresh_tokens = True
    sessions = "cookie" if request.param == "cookie" else request.getfixturevalue("store").url
    return new_site(keep_tokens=True, sessions=sessions)


@pytest.fixture
def cookie_site(new_site: NewSite, center: FakeCenter) -> RunningSite:
    center.gives_refresh_tokens = True
    return new_site(keep_tokens=True)


def cookies_of(site: RunningSite, browser: Browser) -> dict[str, str]:
    return browser.cookies_for("127.0.0.1")


def is_good(center: FakeCenter, token: str) -> bool:
    return bool(center._tokens.introspect(token)["active"])
