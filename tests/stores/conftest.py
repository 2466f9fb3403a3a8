"""One center for each kind of stores, shared by this folder's tests."""

from collections.abc import Iterator

import pytest

from tests.harness.center import Center, Person
from tests.harness.stores import STORES, settings_of


@pytest.fixture(scope="module", params=STORES)
def center(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    folder = tmp_path_factory.mktemp("stores")
    with settings_of(request.param, folder) as settings:
        center = Center(folder, settings=settings, workers=2)
        try:
            yield center.start()
        finally:
            center.close()


@pytest.fixture(scope="module")
def person(center: Center) -> Person:
    return center.add_person("alice", roles=["staff"])
