"""The stores that a center can run on, each started for the tests and gone afterwards."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.servers.cluster import ClusterServers
from tests.servers.postgres import shared_postgres
from tests.servers.redis import RedisServer

STORES = (
    pytest.param("embedded", id="embedded-sqlite"),
    pytest.param("postgresql", id="embedded-postgresql", marks=pytest.mark.needs_postgresql),
    pytest.param("redis", id="redis-sqlite", marks=pytest.mark.needs_redis_server),
    pytest.param("cluster", id="cluster-sqlite"),
)


@contextmanager
def settings_of(store: str, folder: Path) -> Iterator[dict[str, str]]:
    """Run the servers of one of STORES while the block runs; gives the settings that name them."""
    with ExitStack() as running:
        if store == "postgresql":
            yield {"SSO_DATABASE_URL": shared_postgres().new_database()}
        elif store == "redis":
            yield {"SSO_REDIS_URL": running.enter_context(RedisServer(folder / "redis")).url}
        elif store == "cluster":
            yield {"SSO_REDIS_URL": running.enter_context(ClusterServers(folder / "cluster")).url}
        else:
            yield {}
