"""Sessions on the real embedded server, with a clock that the test moves."""

from collections.abc import Iterator

import pytest

from sso_center.core.users import User
from sso_center.services import Services
from tests.harness.core import Time, build


@pytest.fixture(scope="module")
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, time: Time) -> Iterator[Services]:
    built = build(
        {
            "SSO_DATA_DIR": str(tmp_path_factory.mktemp("chains")),
            "SSO_SESSION_IDLE": str(400 * 86400),
            "SSO_SESSION_ABSOLUTE": str(400 * 86400),
            # The tests hammer one server from many threads; slowness is not what they are about.
            "SSO_REDIS_TIMEOUT_MS": "10000",
        },
        time,
    )
    yield built
    built.close()


@pytest.fixture(scope="module")
def user(services: Services) -> User:
    return services.users.add("alice", password="correct horse battery")
