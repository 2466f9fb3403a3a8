"""A center of this folder's own, and who administers it."""

from collections.abc import Iterator

import pytest

from tests.admin_api.robot import Robot
from tests.administration.acts import Scene
from tests.harness.browser import Browser
from tests.harness.center import Center


@pytest.fixture(scope="package")
def managed_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    """A center whose audit log is looked at, and made to refuse."""
    center = Center(tmp_path_factory.mktemp("managed"))
    try:
        yield center.start()
    finally:
        center.close()


@pytest.fixture(scope="package")
def robot(managed_center: Center) -> Robot:
    _, secret = managed_center.services.clients.add(
        "robot", grant_types=("client_credentials",), scopes=("sso:admin",)
    )
    assert secret is not None
    return Robot(managed_center, "robot", secret)


@pytest.fixture
def scene(managed_center: Center, robot: Robot) -> Iterator[Scene]:
    """An admin who signed in a moment ago, and a program with a fresh token."""
    browser = Browser()
    scene = Scene(managed_center, browser, robot.renew())
    scene.sign_in_boss()
    yield scene
    browser.close()
