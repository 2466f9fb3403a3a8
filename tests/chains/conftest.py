"""Sessions on the real embedded server, with a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from sso_center.base.settings import load_settings
from sso_center.core.users import User
from sso_center.services import Services, build_services
from sso_center.storage.migrate import migrate
from sso_center.storage.sql import database_url

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass
class Time:
    """A clock in milliseconds that moves only when told."""

    now: int = field(default=1_800_000_000_000)

    def __call__(self) -> int:
        return self.now

    def move(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, time: Time) -> Iterator[Services]:
    settings = load_settings(
        {
            "SSO_DATA_DIR": str(tmp_path_factory.mktemp("chains")),
            "SSO_SESSION_IDLE": str(400 * 86400),
            "SSO_SESSION_ABSOLUTE": str(400 * 86400),
            # The tests hammer one server from many threads; slowness is not what they are about.
            "SSO_REDIS_TIMEOUT_MS": "10000",
        }
    )
    migrate(database_url(settings))
    built = build_services(settings, clock=time)
    yield built
    built.close()


@pytest.fixture(scope="module")
def user(services: Services) -> User:
    return services.users.add("alice", password="correct horse battery")
