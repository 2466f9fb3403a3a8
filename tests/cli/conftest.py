"""A site at the shared center."""

import pytest

from tests.harness.center import Center
from tests.harness.site import Site


@pytest.fixture(scope="session")
def site(center: Center) -> Site:
    """A site with a secret."""
    return center.add_site()
