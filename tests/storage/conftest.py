"""Servers that the tests of one file share."""

import secrets
from collections.abc import Iterator

import pytest

from sso_center.base.secrets import shard_of
from sso_center.storage.redis import Redis
from tests.servers.cluster import ClusterServers
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.servers.valkey import ValkeyServer
from tests.storage.hot import Journal, open_at


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """One Valkey; a test that ends it starts it again."""
    with ValkeyServer(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(
    scope="session",
    params=["valkey", pytest.param("redis", marks=pytest.mark.needs_redis_server), "cluster"],
)
def any_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of each kind of Redis in turn; tests share it, so use a shard of your own."""
    kind = {"valkey": ValkeyServer, "redis": RedisServer, "cluster": ClusterServers}[request.param]
    with kind(tmp_path_factory.mktemp(request.param)) as server:
        yield server.url


@pytest.fixture
def shard() -> str:
    """Some shard."""
    return shard_of(secrets.token_hex(8))


@pytest.fixture
def redis(any_url: str) -> Iterator[Redis]:
    """The center's store on each kind of Redis, whose shards get trusted when they are used."""
    opened = open_at(any_url)
    Journal(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL; ask it for a database of your own."""
    with PostgresServer() as server:
        yield server
