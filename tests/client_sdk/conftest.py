"""Fixtures for the tests of the client SDK."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite, Times
from tests.servers.valkey import ValkeyServer

ALICE = Person("alice", roles=("customer",))


@pytest.fixture
def times() -> Times:
    """The clocks of center and sites."""
    return Times()


@pytest.fixture
def center(times: Times) -> Iterator[FakeCenter]:
    """A fake center at whose keyboard sits Alice."""
    with FakeCenter(clock=times.clock) as center:
        center.log_in(ALICE)
        yield center


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """A Valkey for local sessions."""
    server = ValkeyServer(tmp_path_factory.mktemp("sessions")).start()
    yield server
    server.stop()


@pytest.fixture
def new_site(center: FakeCenter, times: Times) -> Iterator[Callable[..., RunningSite]]:
    """Make sites of that center: `new_site(max_staleness=5)`."""
    made: list[RunningSite] = []

    def make(**settings: Any) -> RunningSite:
        made.append(RunningSite(center, times, **settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(new_site: Callable[..., RunningSite]) -> RunningSite:
    """A site that keeps its sessions in a signed cookie."""
    return new_site()


@pytest.fixture(params=["cookie", "redis"])
def each_site(request: pytest.FixtureRequest, new_site: Callable[..., RunningSite]) -> RunningSite:
    """A site for each kind of local session."""
    if request.param == "cookie":
        return new_site()
    return new_site(sessions=request.getfixturevalue("store").url)
