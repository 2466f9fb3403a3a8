"""A town for each story: a center with two workers and a courier, and what stands around it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.harness.center import Center
from tests.stories.running import Town


@pytest.fixture(scope="module")
def new_town(
    new_module_center: Callable[..., Center], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Town]]:
    """Make towns whose center has these settings: `new_town(SSO_SESSIONS_TOTAL="10")`."""
    with ExitStack() as running:

        def make(**settings: Any) -> Town:
            center = new_module_center(workers=2, settings=settings)
            town = Town(center, tmp_path_factory.mktemp("subsystems"))
            running.callback(town.close)
            return town

        yield make
