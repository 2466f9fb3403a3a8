"""A new center, and beside it a worker of the one before."""

from collections.abc import Iterator

import pytest

from tests.harness.core import Core, core_in
from tests.rolling_upgrade.older_center import OlderWorker


@pytest.fixture(scope="package")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """The core of the new center."""
    with core_in(tmp_path_factory.mktemp("rolling")) as built:
        yield built


@pytest.fixture(scope="package")
def older(core: Core) -> OlderWorker:
    """The older center's worker on the same stores."""
    return OlderWorker(core)
