"""Scripts that are sent together, on every kind of Redis."""

import secrets

import pytest
from redis.exceptions import ResponseError

from sso_center.base.errors import Invalid, Unavailable
from sso_center.base.secrets import all_shards
from sso_center.storage.redis import MAX_TOGETHER, Redis
from tests.servers.valkey import ValkeyServer
from tests.storage.hot import Journal, open_at
from tests.storage.scripts import COUNT, ECHO, REFUSE, UNGUARDED_COUNT


def test_each_call_gets_the_reply_that_is_its_own(redis: Redis) -> None:
    calls = [(shard, {"text": f"{shard}-{turn}"}) for turn in range(20) for shard in all_shards()]
    assert len(calls) > MAX_TOGETHER
    replies = redis.run_many(ECHO, calls)
    assert [(reply[2], reply[0]) for reply in replies] == [
        (f"sso:{{{shard}}}:", given["text"]) for shard, given in calls
    ]


def test_each_script_runs_once_whether_the_server_knows_it_or_not(redis: Redis) -> None:
    name = secrets.token_hex(4)
    for shard in all_shards():
        redis.command(shard, "SCRIPT", "FLUSH")
    assert set(redis.run_everywhere(COUNT, {"name": name}).values()) == {1}
    assert set(redis.run_everywhere(COUNT, {"name": name}).values()) == {2}
    assert set(redis.run_everywhere(UNGUARDED_COUNT, {"name": name}).values()) == {3}


def test_an_empty_list_of_scripts_is_sent_to_nobody(redis: Redis) -> None:
    assert redis.run_many(ECHO, []) == []


def test_the_shards_of_a_server_that_came_back_are_recovered_first(any_url: str) -> None:
    redis = open_at(any_url)
    journal = Journal(redis)
    redis.run_everywhere(ECHO, {"text": "x"})
    journal.recovered.clear()
    for shard in ("05", "3f"):
        redis.command(shard, "HSET", f"sso:{{{shard}}}:shard", "run", "another")
    name = secrets.token_hex(4)
    try:
        assert set(redis.run_everywhere(COUNT, {"name": name}).values()) == {1}
    finally:
        redis.close()
    assert journal.recovered == ["05", "3f"]


def test_a_refusal_of_the_script_itself_reaches_the_caller(redis: Redis) -> None:
    with pytest.raises(ResponseError, match="CLOSED the session"):
        redis.run_everywhere(REFUSE)
    assert redis.run(ECHO, "2a", {"text": "next"})[0] == "next"


def test_an_invalid_text_argument_is_refused_and_the_next_call_works(redis: Redis) -> None:
    with pytest.raises(Invalid):
        redis.run_everywhere(ECHO, {"text": "\ud800"})
    assert redis.run_everywhere(ECHO, {"text": "next"})["2a"][0] == "next"


def test_a_server_that_is_away_is_said_to_be(valkey: ValkeyServer) -> None:
    redis = open_at(valkey.url)
    Journal(redis)
    redis.run_everywhere(ECHO, {"text": "x"})
    valkey.kill()
    try:
        with pytest.raises(Unavailable):
            redis.run_everywhere(ECHO, {"text": "x"})
    finally:
        valkey.start()
        redis.close()
