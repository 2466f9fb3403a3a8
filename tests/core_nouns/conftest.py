"""The core on real stores, with a clock that moves only when told, and a second process beside the first."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sso_center.base.errors import Unavailable
from sso_center.base.settings import Settings, load_settings
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.migrate import migrate
from sso_center.storage.sql import database_url
from tests.harness.core import Time


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


def settings_in(folder: Path, **more: str) -> Settings:
    """Return settings for stores in a folder; slowness of a busy machine is not what tests are about."""
    return load_settings({"SSO_DATA_DIR": str(folder), "SSO_REDIS_TIMEOUT_MS": "10000", **more})


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("nouns"))


@pytest.fixture(scope="module")
def new_services(settings: Settings, time: Time) -> Iterator[Callable[..., Services]]:
    """Build the core of one more process on the same stores."""
    built: list[Services] = []

    def build(chosen: Settings = settings) -> Services:
        migrate(database_url(chosen))
        built.append(build_services(chosen, FACADES, clock=time))
        return built[-1]

    yield build
    for services in built:
        services.close()


@pytest.fixture(scope="module")
def services(new_services: Callable[..., Services]) -> Services:
    return new_services()


@pytest.fixture(scope="module")
def other(new_services: Callable[..., Services], services: Services) -> Services:
    """The core of another process."""
    return new_services()


def is_up(services: Services) -> bool:
    """Say whether Redis answers."""
    try:
        services.redis.check()
    except Unavailable:
        return False
    return True


@pytest.fixture
def in_parallel() -> Callable[[int, Callable[[int], object]], list[object]]:
    """Call a function so many times at once, with 0, 1, 2 ...; gives the answers, raises what one raised."""

    def run(count: int, call: Callable[[int], object]) -> list[object]:
        gate = Barrier(count)

        def one(number: int) -> object:
            gate.wait(60)
            return call(number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run
