"""A server that came back is not trusted until the journal was applied; a caller out of date is told so."""

from collections.abc import Iterator

import pytest

from sso_center.base.errors import Unavailable
from sso_center.storage.redis import Redis
from sso_center.storage.shard_recovery import RECOVERY_LOCK
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer
from tests.storage.hot import Journal, open_at, together, works
from tests.storage.scripts import COUNT, ECHO, UNGUARDED_COUNT, UNGUARDED_STAMP


@pytest.fixture
def fresh(valkey: ValkeyServer) -> Iterator[Redis]:
    """A store whose server holds nothing yet."""
    with valkey.client() as client:
        client.flushall()
    redis = open_at(valkey.url)
    yield redis
    redis.close()


def restart(server: ValkeyServer) -> None:
    server.kill()
    server.start()


def test_twenty_callers_of_an_untrusted_shard_wait_for_one_recovery(fresh: Redis) -> None:
    journal = Journal(fresh, takes=0.1)
    replies = together(20, lambda _: fresh.run(COUNT, "11", {"name": "calls"}))
    assert sorted(replies) == list(range(1, 21))
    assert journal.recovered == ["11"]


def test_processes_leave_the_recovery_to_one_of_them(fresh: Redis, valkey: ValkeyServer) -> None:
    processes = [open_at(valkey.url) for _ in range(6)]
    journals = [Journal(process, takes=0.1) for process in processes]
    replies = together(6, lambda n: processes[n].run(COUNT, "11", {"name": "calls"}))
    assert sorted(replies) == list(range(1, 7))
    assert [shard for journal in journals for shard in journal.recovered] == ["11"]
    for process in processes:
        process.close()


def test_a_refused_script_has_done_nothing(fresh: Redis) -> None:
    with pytest.raises(Unavailable):  # nobody here can apply a journal
        fresh.run(COUNT, "11", {"name": "calls"})
    assert fresh.command("11", "EXISTS", fresh.key("11", "count", "calls")) == 0


def test_a_restarted_server_is_recovered_and_has_kept_its_data(fresh: Redis, valkey: ValkeyServer) -> None:
    journal = Journal(fresh)
    assert fresh.run(COUNT, "11", {"name": "calls"}) == 1
    before = fresh.marker("11")
    valkey.stop()
    valkey.start()
    assert eventually(lambda: works(lambda: fresh.run(COUNT, "11", {"name": "calls"})))
    assert journal.recovered == ["11", "11"]
    assert fresh.run(COUNT, "11", {"name": "calls"}) == 3
    after = fresh.marker("11")
    assert after.is_trusted
    assert after.run != before.run


def test_an_emptied_server_is_recovered(fresh: Redis, valkey: ValkeyServer) -> None:
    journal = Journal(fresh)
    fresh.run(ECHO, "11", {"text": "x"})
    with valkey.client() as client:
        client.flushall()
    fresh.run(ECHO, "11", {"text": "x"})
    assert journal.recovered == ["11", "11"]


def test_a_server_brought_back_from_an_old_copy_is_recovered(fresh: Redis, valkey: ValkeyServer) -> None:
    journal = Journal(fresh)
    fresh.run(ECHO, "11", {"text": "x"})
    with valkey.client() as client:
        old = client.dump("sso:{11}:shard")
        restart(valkey)
        client.flushall()
        client.restore("sso:{11}:shard", 0, old)
    assert eventually(lambda: works(lambda: fresh.run(ECHO, "11", {"text": "x"})))
    assert journal.recovered == ["11", "11"]


def test_each_shard_is_recovered_by_itself(fresh: Redis) -> None:
    journal = Journal(fresh)
    for shard in ("11", "12", "11", "12"):
        fresh.run(ECHO, shard, {"text": "x"})
    assert journal.recovered == ["11", "12"]


def test_a_recovery_that_fails_leaves_the_shard_untrusted_and_is_tried_again(fresh: Redis) -> None:
    journal, failures = Journal(fresh), [Unavailable(detail="sql is away")]

    def recover(shard: str, run_id: str) -> None:
        if failures:
            raise failures.pop()
        journal.recover(shard, run_id)

    fresh.on_untrusted(recover)
    with pytest.raises(Unavailable):
        fresh.run(ECHO, "11", {"text": "x"})
    assert not fresh.marker("11").is_trusted
    fresh.run(ECHO, "11", {"text": "x"})
    assert fresh.marker("11").is_trusted


def test_a_recovery_is_void_when_the_server_restarts_during_it(fresh: Redis, valkey: ValkeyServer) -> None:
    journal, restarts = Journal(fresh), [1]

    def recover(shard: str, run_id: str) -> None:
        if restarts:
            restarts.pop()
            restart(valkey)
            eventually(lambda: works(fresh.check))
        journal.recover(shard, run_id)

    fresh.on_untrusted(recover)
    with pytest.raises(Unavailable):
        fresh.run(ECHO, "11", {"text": "x"})
    assert not fresh.marker("11").is_trusted
    assert eventually(lambda: works(lambda: fresh.run(ECHO, "11", {"text": "x"})))


def test_a_recoverer_that_died_does_not_block_the_shard(fresh: Redis) -> None:
    journal, lock = Journal(fresh), f"sso:{{11}}:lock:recovery:{fresh.marker('11').run_id}"
    fresh.command("11", "SET", lock, "the dead one", "PX", RECOVERY_LOCK)
    with pytest.raises(Unavailable):
        fresh.run(ECHO, "11", {"text": "x"})
    assert eventually(lambda: works(lambda: fresh.run(ECHO, "11", {"text": "x"})))
    assert journal.recovered == ["11"]


def test_a_server_that_died_during_a_recovery_comes_back_without_waiting_for_it(
    fresh: Redis, valkey: ValkeyServer
) -> None:
    journal, lock = Journal(fresh), f"sso:{{11}}:lock:recovery:{fresh.marker('11').run_id}"
    fresh.command("11", "SET", lock, "the dead one", "PX", RECOVERY_LOCK * 100)
    restart(valkey)
    eventually(lambda: works(fresh.check))
    assert fresh.command("11", "GET", lock) == "the dead one"
    fresh.run(ECHO, "11", {"text": "x"})
    assert journal.recovered == ["11"]


def test_the_recoverys_own_scripts_run_on_an_untrusted_shard(fresh: Redis) -> None:
    assert fresh.run_unguarded(UNGUARDED_COUNT, "11", {"name": "x"}) == 1


def test_a_stamp_on_an_untrusted_shard_leaves_no_key_for_ever(fresh: Redis) -> None:
    fresh.run_unguarded(UNGUARDED_STAMP, "11", {"what": "stamp"})
    fresh.run_unguarded(UNGUARDED_STAMP, "12", {"what": "cutoff"})
    assert list(fresh.keys_without_expiry()) == []


def test_the_marker_tells_how_far_a_shard_is(fresh: Redis) -> None:
    assert fresh.marker("11").run is None
    assert fresh.marker("11").position == 0
    journal = Journal(fresh)
    journal.config = fresh.configuration_version = 3
    fresh.run(ECHO, "11", {"text": "x"})
    marker = fresh.marker("11")
    assert (marker.lineage, marker.position, marker.config) == ("l", 7, 3)


# The configuration version


def test_twenty_callers_out_of_date_reload_once(fresh: Redis) -> None:
    journal = Journal(fresh, takes=0.1)
    journal.config = 5
    fresh.configuration_version = 5
    fresh.run(ECHO, "11", {"text": "x"})
    fresh.configuration_version = 4
    replies = together(20, lambda _: fresh.run(COUNT, "11", {"name": "calls"}))
    assert sorted(replies) == list(range(1, 21))
    assert journal.reloaded == [5]


def test_an_announced_version_reaches_callers_that_missed_the_message(
    fresh: Redis, valkey: ValkeyServer
) -> None:
    other = open_at(valkey.url)
    journals = [Journal(fresh), Journal(other)]
    for process in (fresh, other):
        process.run(ECHO, "11", {"text": "x"})
    fresh.announce_configuration(8)
    other.run(ECHO, "11", {"text": "x"})
    assert [journal.reloaded for journal in journals] == [[8], [8]]
    other.close()


def test_a_version_whose_announcement_was_lost_spreads_with_the_next_script(
    fresh: Redis, valkey: ValkeyServer
) -> None:
    other = open_at(valkey.url)
    journal = Journal(other)
    other.run(ECHO, "11", {"text": "x"})
    fresh.configuration_version = 8
    fresh.run(ECHO, "11", {"text": "x"})
    other.run(ECHO, "11", {"text": "x"})
    assert journal.reloaded == [8]
    other.close()


def test_an_announcement_leaves_an_untrusted_shard_untrusted(fresh: Redis) -> None:
    fresh.announce_configuration(8)
    assert list(fresh.scan()) == []


def test_when_sql_knows_no_such_version_the_shard_takes_the_one_it_knows(fresh: Redis) -> None:
    journal = Journal(fresh, knows=3)
    journal.config = fresh.configuration_version = 9
    fresh.run(ECHO, "11", {"text": "x"})
    journal.config = fresh.configuration_version = 3
    fresh.run(ECHO, "11", {"text": "x"})
    assert journal.reloaded == [9]
    assert fresh.marker("11").config == 3


def test_a_caller_that_can_not_reload_is_refused(fresh: Redis, valkey: ValkeyServer) -> None:
    journal = Journal(fresh)
    journal.config = fresh.configuration_version = 9
    fresh.run(ECHO, "11", {"text": "x"})
    other = open_at(valkey.url)
    with pytest.raises(Unavailable):
        other.run(ECHO, "11", {"text": "x"})
    other.close()
