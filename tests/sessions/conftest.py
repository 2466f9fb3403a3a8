"""The core, and somebody who is signed in at a site."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sso_center.core.clients import Client
from sso_center.core.users import User
from tests.harness.core import Core, core_in

IDLE, ABSOLUTE, REMEMBERED = 7200, 43200, 90 * 86400
"""Seconds, as the settings have them by default."""


@pytest.fixture(scope="package")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """The core that the tests of this folder share; its time only moves forward."""
    with core_in(tmp_path_factory.mktemp("core")) as core:
        yield core


@pytest.fixture(scope="package")
def site(core: Core) -> Client:
    return core.site()


@dataclass(frozen=True)
class Held:
    """A session, and all that was given out for it: a cookie, an access token, a code not yet redeemed."""

    user: User
    sid: str
    cookie: str
    client: Client
    token: str
    code: str


def sign_in(core: Core, client: Client, *roles: str, remember: bool = False) -> Held:
    """Sign somebody new in."""
    user = core.person(*roles)
    opened = core.open(user, remember=remember)
    token = core.token(opened.cookie, client)
    return Held(user, opened.session.sid, opened.cookie, client, token, core.code(opened.cookie, client))


@pytest.fixture
def held(core: Core, site: Client) -> Held:
    return sign_in(core, site, "staff", "night")
