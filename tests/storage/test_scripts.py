"""Scripts on every kind of Redis: the embedded Valkey, Debian's Redis 7, a Cluster of three."""

import os
import random

import pytest
from redis.exceptions import ResponseError

from sso_center.base.clock import system_clock
from sso_center.base.errors import Invalid
from sso_center.base.secrets import all_shards
from sso_center.storage.redis import Redis
from tests.storage.hot import Journal, open_at, together
from tests.storage.scripts import COUNT, ECHO, REFUSE, STAMP, UNGUARDED_COUNT

HOUR = 3_600_000


def test_a_script_sees_its_arguments_its_shard_and_the_time(redis: Redis, shard: str) -> None:
    given, key, prefix, now, run_id = redis.run(ECHO, shard, {"text": "héllo wörld"})
    assert given == "héllo wörld"
    assert key == f"sso:{{{shard}}}:shard"
    assert prefix == f"sso:{{{shard}}}:"
    assert abs(now - system_clock()) < HOUR
    assert run_id == redis.marker(shard).run_id


@pytest.mark.parametrize("value", ["", " ", "\r\n", "\0", "'\"\\", "a" * 200_000, 12, b"bytes", "日本語"])
def test_every_kind_of_argument_arrives_whole(redis: Redis, shard: str, value: str | int | bytes) -> None:
    text = value.decode() if isinstance(value, bytes) else str(value)
    assert redis.run(ECHO, shard, {"text": value})[0] == text


def test_an_invalid_text_argument_is_refused_and_the_next_call_works(redis: Redis, shard: str) -> None:
    with pytest.raises(Invalid):
        redis.run(ECHO, shard, {"text": "\ud800"})
    assert redis.run(ECHO, shard, {"text": "next"})[0] == "next"


def test_a_script_runs_on_a_server_that_has_forgotten_it(redis: Redis, shard: str) -> None:
    first = redis.run(COUNT, shard, {"name": "forgotten"})
    redis.command(shard, "SCRIPT", "FLUSH")
    assert redis.run(COUNT, shard, {"name": "forgotten"}) == first + 1


def test_a_scripts_own_refusal_reaches_the_caller(redis: Redis, shard: str) -> None:
    with pytest.raises(ResponseError, match="CLOSED the session"):
        redis.run(REFUSE, shard)


def test_a_script_without_the_guard_is_not_taken_for_one_with_it(redis: Redis, shard: str) -> None:
    with pytest.raises(AssertionError):
        redis.run(UNGUARDED_COUNT, shard, {"name": "x"})
    with pytest.raises(AssertionError):
        redis.run_unguarded(COUNT, shard, {"name": "x"})


def test_one_script_runs_on_all_shards(redis: Redis) -> None:
    replies = redis.run_everywhere(ECHO, {"text": "all"})
    assert [replies[shard][2] for shard in all_shards()] == [f"sso:{{{shard}}}:" for shard in all_shards()]


def test_plain_commands_and_a_look_at_all_keys(redis: Redis) -> None:
    keys = {redis.key(shard, "looked-at", "x") for shard in all_shards()}
    for shard in all_shards():
        redis.command(shard, "SET", redis.key(shard, "looked-at", "x"), shard, "PX", 60_000)
    assert redis.command("2a", "GET", redis.key("2a", "looked-at", "x")) == "2a"
    assert set(redis.scan("sso:*:looked-at:x")) == keys
    redis.check()
    assert all("redis_version" in text for text in redis.server_info())


def test_only_a_key_without_expiry_is_found_to_stay_for_ever(redis: Redis, shard: str) -> None:
    redis.run_everywhere(STAMP, {"what": "stamp"})
    assert list(redis.keys_without_expiry()) == []
    redis.command(shard, "SET", redis.key(shard, "kept", "x"), "1")
    assert list(redis.keys_without_expiry()) == [redis.key(shard, "kept", "x")]
    redis.command(shard, "DEL", redis.key(shard, "kept", "x"))


def test_a_stamp_follows_every_cutoff_though_the_clocks_differ(any_url: str, shard: str) -> None:
    ahead = open_at(any_url, clock=lambda: system_clock() + HOUR)
    behind = open_at(any_url, clock=lambda: system_clock() - HOUR)
    Journal(ahead), Journal(behind)
    cutoff, _ = ahead.run(STAMP, shard, {"what": "cutoff"})
    stamp, _ = behind.run(STAMP, shard, {"what": "stamp"})
    assert stamp == cutoff + 1
    again, _ = behind.run(STAMP, shard, {"what": "cutoff"})
    assert again == stamp
    ahead.close()
    behind.close()


def test_stamps_and_cutoffs_keep_their_order_under_concurrency(any_url: str, shard: str) -> None:
    hosts = [
        open_at(any_url, clock=lambda drift=drift: system_clock() + drift) for drift in (-HOUR, 0, 50, HOUR)
    ]
    for host in hosts:
        Journal(host)

    def work(number: int) -> list[tuple[int, str, int]]:
        chooser, done = random.Random(number), []
        for _ in range(60):
            what = chooser.choice(["stamp", "cutoff"])
            at, order = hosts[number % len(hosts)].run(STAMP, shard, {"what": what})
            done.append((order, what, at))
        return done

    results = together(8, work)
    events = sorted(event for result in results if isinstance(result, list) for event in result)
    assert len(events) == 8 * 60
    last = {"stamp": 0, "cutoff": 0}
    for _, what, at in events:
        if what == "stamp":
            assert at > last["cutoff"]
        else:
            assert at >= last["stamp"]
        last[what] = max(last[what], at)
    for host in hosts:
        host.close()


def test_threads_never_get_each_others_answers(redis: Redis, shard: str) -> None:
    def work(number: int) -> bool:
        return all(
            redis.run(ECHO, shard, {"text": f"{number}-{n}"})[0] == f"{number}-{n}" for n in range(200)
        )

    assert together(8, work) == [True] * 8


def test_a_forked_child_has_connections_of_its_own(redis: Redis, shard: str) -> None:
    assert redis.run(ECHO, shard, {"text": "before"})[0] == "before"
    child = os.fork()
    name = "child" if child == 0 else "parent"
    fine = all(redis.run(ECHO, shard, {"text": f"{name}-{n}"})[0] == f"{name}-{n}" for n in range(200))
    if child == 0:
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert fine


def test_messages_reach_those_who_listen(redis: Redis) -> None:
    heard = redis.listen("sso:test", idle=0.05)
    assert next(heard) is None
    redis.publish("sso:test", "first")
    redis.publish("sso:test", "second")
    assert [message for message in (next(heard) for _ in range(4)) if message] == ["first", "second"]
    heard.close()
