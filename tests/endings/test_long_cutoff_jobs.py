"""A mass ending meets every session it concerns, though others are used, opened and ended meanwhile."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from sso_center.core.grants import GrantRequest
from sso_center.core.reasons import Reason
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.storage.schema import notices
from tests.harness.center import Center
from tests.harness.site import Site

MANY = 350
"""Sessions in one shard: several pages of a walk."""


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of which nothing runs: no courier walks once more."""
    return new_module_center(start=False)


@pytest.fixture
def site(center: Center) -> Site:
    return center.add_site(backchannel_logout_uri="http://127.0.0.1:1/logout")


def add_user(services: Services, name: str, shard: str | None = None, roles: tuple[str, ...] = ()) -> User:
    """Add a user, of a shard if one is named."""
    for turn in range(2000):
        user = services.users.add(f"{name}-{turn}", roles=roles)
        if shard in (None, user.shard):
            return user
    raise AssertionError(f"nobody of 2000 came into shard {shard}")


def open_sessions(services: Services, user: User, site: Site, count: int) -> list[str]:
    """Open sessions that join the site, and return their cookies."""
    wanted = GrantRequest(site.client_id, site.redirect_uri, ("openid",))
    cookies = []
    for _ in range(count):
        opened = services.sessions.open(
            user, remember=False, amr=("pwd",), user_agent="", address="", previous=None
        )
        assert services.grants.issue(opened.cookie, wanted).code
        cookies.append(opened.cookie)
    return cookies


def told(services: Services, site: Site) -> set[str]:
    """Return the sids that the site has or gets notice of."""
    with services.database.read() as connection:
        return set(connection.scalars(select(notices.c.sid).where(notices.c.client_id == site.client_id)))


def test_a_clients_cut_off_job_reaches_every_session_though_sessions_are_used_meanwhile(
    center: Center, site: Site
) -> None:
    services = center.services
    user = add_user(services, "busy")
    cookies = open_sessions(services, user, site, MANY)
    sids = {view.sid for view in services.sessions.of_user(user.sub)}
    center.move_clock(61)
    for _ in services.mass_endings.end("client", site.client_id, Reason.ADMIN, "cli"):
        for cookie in cookies[:40]:
            services.sessions.visit(cookie)
        cookies = cookies[40:]
    assert told(services, site) == sids


def test_a_roles_cut_off_job_ends_every_session_though_others_are_used_meanwhile(
    center: Center, site: Site
) -> None:
    services = center.services
    other = add_user(services, "unconcerned")
    cookies = open_sessions(services, other, site, MANY // 2)
    user = add_user(services, "concerned", other.shard, roles=("guest",))
    open_sessions(services, user, site, MANY)
    sids = {view.sid for view in services.sessions.of_user(user.sub)}
    center.move_clock(61)
    for _ in services.mass_endings.end("role", "guest", Reason.ADMIN, "cli"):
        for cookie in cookies[:40]:
            services.sessions.visit(cookie)
        cookies = cookies[40:]
    assert told(services, site) == sids
    assert len(services.sessions.of_user(other.sub)) == MANY // 2
