"""A Redis Cluster whose slots change hands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards
from sso_center.storage.redis import Redis
from tests.harness.waiting import eventually
from tests.servers.cluster import ClusterServers
from tests.storage.hot import Journal, open_at, works
from tests.storage.scripts import COUNT, ECHO

KEY = "sso:{11}:shard"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterServers]:
    """A cluster of three primaries."""
    with ClusterServers(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[ClusterServers]:
    """A cluster of one test, which kills its nodes."""
    with ClusterServers(tmp_path) as servers:
        yield servers


@pytest.fixture
def own_redis(own_cluster: ClusterServers) -> Iterator[Redis]:
    opened = open_at(own_cluster.url)
    yield opened
    opened.close()


@pytest.fixture
def redis(cluster: ClusterServers) -> Iterator[Redis]:
    """The center's store on it."""
    opened = open_at(cluster.url)
    yield opened
    opened.close()


def owner_of(cluster: ClusterServers) -> int:
    alive = next(node for node in cluster.nodes if node.process is not None)
    with alive.client() as client:
        slot = client.cluster("KEYSLOT", KEY)
        for first, last, (_, port, *_), *_ in client.execute_command("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return [node.port for node in cluster.nodes].index(port)
    raise AssertionError("nobody owns the slot")


def test_the_shards_are_spread_over_all_nodes(cluster: ClusterServers, redis: Redis) -> None:
    Journal(redis)
    redis.run_everywhere(ECHO, {"text": "x"})
    for node in cluster.nodes:
        with node.client() as client:
            assert client.dbsize() > 0
    assert {key for key in redis.scan() if key.endswith("}:shard")} == {
        f"sso:{{{shard}}}:shard" for shard in all_shards()
    }


def test_a_slot_on_its_way_to_another_node_is_followed(cluster: ClusterServers, redis: Redis) -> None:
    journal = Journal(redis)
    redis.run(ECHO, "11", {"text": "x"})
    before = list(journal.recovered)
    source = owner_of(cluster)
    target = (source + 1) % len(cluster.nodes)
    with cluster.nodes[source].client() as giving, cluster.nodes[target].client() as taking:
        slot = giving.cluster("KEYSLOT", KEY)
        giving.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", taking.cluster("MYID"))
        taking.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", giving.cluster("MYID"))
        giving.migrate("127.0.0.1", cluster.nodes[target].port, KEY, 0, 5000)
        # The key is there already, the slot not yet: the old owner sends us there for this once.
        assert redis.run(ECHO, "11", {"text": "on its way"})[0] == "on its way"
        assert journal.recovered == [*before, "11"]
        keys = giving.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000)
        for key in keys:
            giving.migrate("127.0.0.1", cluster.nodes[target].port, key, 0, 5000)
        for client in (taking, giving):
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", taking.cluster("MYID"))
    # Now it is moved for good, and the center learns it from the refusal.
    assert redis.run(ECHO, "11", {"text": "moved"})[0] == "moved"
    assert journal.recovered == [*before, "11"]


def test_a_node_that_is_gone_takes_only_its_own_shards_with_it(
    own_cluster: ClusterServers, own_redis: Redis
) -> None:
    cluster, redis = own_cluster, own_redis
    Journal(redis)
    redis.run_everywhere(ECHO, {"text": "x"})
    lost = cluster.nodes[owner_of(cluster)]
    lost.kill()
    with pytest.raises(Unavailable):
        redis.run(ECHO, "11", {"text": "x"})
    others = [
        shard for shard in all_shards() if works(lambda shard=shard: redis.run(ECHO, shard, {"text": "x"}))
    ]
    assert len(others) > len(all_shards()) // 2
    for _ in range(5):
        assert not works(lambda: redis.run(ECHO, "11", {"text": "x"}))
        for shard in others:
            assert redis.run(ECHO, shard, {"text": "here"})[0] == "here"
    lost.start()
    eventually(lambda: works(lambda: redis.run_everywhere(ECHO, {"text": "x"})))


def test_a_replica_that_took_over_is_recovered_first(own_cluster: ClusterServers, own_redis: Redis) -> None:
    cluster, redis = own_cluster, own_redis
    journal = Journal(redis)
    redis.run(COUNT, "11", {"name": "taken over"})
    owner = owner_of(cluster)
    replica = cluster.add_replica(owner)
    before = redis.marker("11")
    with replica.client() as client:
        client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        eventually(lambda: client.info("replication")["role"] == "master")
    cluster.nodes[owner].kill()
    assert eventually(lambda: works(lambda: redis.run(COUNT, "11", {"name": "taken over"})), within=30)
    after = redis.marker("11")
    assert after.is_trusted
    assert after.run != before.run
    assert journal.recovered.count("11") >= 1
    assert owner_of(cluster) == cluster.nodes.index(replica)
