"""A center with a program that administers it."""

from collections.abc import Callable, Iterator

import pytest

from tests.admin_api.robot import Robot
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn, Site


@pytest.fixture(scope="package")
def admin_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    """A center of this folder's own: its sessions, events and clients are counted."""
    center = Center(tmp_path_factory.mktemp("admin"))
    try:
        yield center.start()
    finally:
        center.close()


@pytest.fixture(scope="package")
def robot(admin_center: Center) -> Robot:
    _, secret = admin_center.services.clients.add(
        "robot", grant_types=("client_credentials",), scopes=("sso:admin",)
    )
    assert secret is not None
    return Robot(admin_center, "robot", secret).renew()


@pytest.fixture
def site(admin_center: Center) -> Site:
    return admin_center.add_site()


@pytest.fixture
def sign_in(admin_center: Center, site: Site, new_browser: Callable[..., Browser]) -> Callable[..., SignedIn]:
    """Sign a person in at the site: `sign_in(person)`, somebody new when none is given."""

    def sign(person: Person | None = None, at: Site = site) -> SignedIn:
        return at.sign_in(new_browser(), person or admin_center.add_person())

    return sign
