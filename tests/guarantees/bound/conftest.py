"""A stage for the tests of one file."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.guarantees.bound.site import Shops
from tests.guarantees.bound.stage import Stage
from tests.harness.center import Center
from tests.servers.valkey import ValkeyServer


@pytest.fixture(scope="module")
def stage(
    new_module_center: Callable[..., Center], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A center with one worker, a store for local sessions, and a parent for the sites' processes."""
    shops = Shops(tmp_path_factory.mktemp("shops"))
    try:
        with (
            ValkeyServer(tmp_path_factory.mktemp("local-sessions")) as store,
            ThreadPoolExecutor(1) as starter,
        ):
            yield Stage(new_module_center(), shops, store.url, starter)
    finally:
        shops.close()
    assert "Traceback" not in shops.log, shops.log[-4000:]
