"""A server that is gone, hangs or can't store: refused quickly, and well again by itself."""

from collections.abc import Iterator

import pytest

from sso_center.base.errors import Unavailable
from sso_center.storage import nodes
from sso_center.storage.redis import Redis
from tests.harness.waiting import eventually
from tests.servers.redis import RedisServer
from tests.servers.valkey import ValkeyServer
from tests.storage.hot import Journal, open_at, together, works
from tests.storage.scripts import COUNT, ECHO, SLOW


@pytest.fixture(params=["valkey", pytest.param("redis", marks=pytest.mark.needs_redis_server)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that a test may treat as it likes."""
    kind = {"valkey": ValkeyServer, "redis": RedisServer}[request.param]
    with kind(tmp_path_factory.mktemp(request.param)) as started:
        yield started


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    """The center's store on it, in use already."""
    opened = open_at(server.url)
    Journal(opened)
    opened.run(ECHO, "11", {"text": "x"})
    yield opened
    opened.close()


def refusal(redis: Redis) -> str:
    with pytest.raises(Unavailable) as refused:
        redis.run(ECHO, "11", {"text": "x"})
    assert refused.value.retry_after > 0
    return refused.value.detail


def test_a_killed_server_is_refused_and_used_again_within_two_seconds_of_its_return(
    server: RedisServer, redis: Redis
) -> None:
    server.kill()
    for _ in range(5):
        refusal(redis)
    server.start()
    assert eventually(lambda: works(lambda: redis.run(ECHO, "11", {"text": "x"})))


def test_a_server_that_hangs_is_waited_for_by_one_call_and_not_by_those_that_follow(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "REST_AFTER_FAILURE", 60)
    redis = open_at(server.url, timeout_ms=100)
    Journal(redis)
    eventually(lambda: works(lambda: redis.run(ECHO, "11", {"text": "x"})))
    server.pause()
    assert "imeout" in refusal(redis)
    for _ in range(20):
        assert refusal(redis) == "redis: was away a moment ago"
    server.resume()
    assert eventually(lambda: works(lambda: redis.run(ECHO, "11", {"text": "x"})))
    redis.close()


def test_connections_that_the_server_closed_are_replaced_before_anything_is_sent(
    server: RedisServer, redis: Redis
) -> None:
    together(8, lambda _: redis.run(SLOW, "11", {"name": "spread", "millions": 1}))
    with server.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert redis.run(COUNT, "11", {"name": "calls"}) == 1


def test_a_script_whose_answer_was_lost_is_not_sent_again(server: RedisServer) -> None:
    redis = open_at(server.url, timeout_ms=150)
    Journal(redis)
    eventually(lambda: works(lambda: redis.run(ECHO, "11", {"text": "x"})))
    with pytest.raises(Unavailable):
        redis.run(SLOW, "11", {"name": "lost", "millions": 80})
    with server.client() as client:
        assert client.get("sso:{11}:count:lost") == "1"
    redis.close()


def test_many_callers_of_a_dead_server_are_all_refused(server: RedisServer, redis: Redis) -> None:
    server.kill()
    outcomes = together(20, lambda _: redis.run(ECHO, "11", {"text": "x"}))
    assert {type(outcome) for outcome in outcomes} == {Unavailable}


@pytest.mark.parametrize(
    ("setting", "trouble", "health"),
    [
        ("maxmemory", "1", "0"),  # full, and nothing may be evicted
        ("min-replicas-to-write", "3", "0"),  # too few copies to promise anything
    ],
)
def test_a_server_that_can_not_store_is_unavailable_and_not_an_error_of_ours(
    server: RedisServer, redis: Redis, setting: str, trouble: str, health: str
) -> None:
    with server.client() as client:
        client.config_set(setting, trouble)
        with pytest.raises(Unavailable):
            redis.run(COUNT, "11", {"name": "calls"})
        client.config_set(setting, health)
    assert redis.run(COUNT, "11", {"name": "calls"}) == 1


def test_a_primary_that_became_a_replica_is_unavailable(server: RedisServer, redis: Redis) -> None:
    with server.client() as client:
        client.replicaof("127.0.0.1", "1")
        with pytest.raises(Unavailable):
            redis.run(COUNT, "11", {"name": "calls"})
        client.replicaof("NO", "ONE")
    assert redis.run(COUNT, "11", {"name": "calls"}) == 1


def test_a_listener_outlives_the_server(server: RedisServer, redis: Redis) -> None:
    heard = redis.listen("sso:test", idle=0.05)
    assert next(heard) is None
    server.kill()
    assert [next(heard) for _ in range(3)] == [None] * 3
    server.start()

    def hears_again() -> bool:
        if works(lambda: redis.publish("sso:test", "again")):
            return "again" in [next(heard) for _ in range(3)]
        return next(heard) is not None

    assert eventually(hears_again)
    heard.close()
