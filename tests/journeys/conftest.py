"""The demo and a browser for each test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.chromium import Chromium, a_chromium
from tests.journeys.demo import Demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.close()


@pytest.fixture
def other_chromium(tmp_path: Path) -> Iterator[Chromium]:
    """A second device."""
    with a_chromium(tmp_path / "other-profile") as browser:
        yield browser
