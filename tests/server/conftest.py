"""Supervised stand-ins for the tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.server.process import Supervised


@contextmanager
def _maker(folders: pytest.TempPathFactory) -> Iterator[Callable[..., Supervised]]:
    mine: list[Supervised] = []

    def make(**options: Any) -> Supervised:
        mine.append(Supervised(folders.mktemp("supervised"), **options))
        return mine[-1]

    try:
        yield make
    finally:
        for supervised in mine:
            supervised.close()


@pytest.fixture
def supervise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Supervised]]:
    """Make supervised stand-ins for one test: `supervise(workers=2, max_body=...)`."""
    with _maker(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def supervise_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Supervised]]:
    """Make supervised stand-ins that the tests of one file share."""
    with _maker(tmp_path_factory) as make:
        yield make
