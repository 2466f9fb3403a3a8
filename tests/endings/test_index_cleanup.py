"""Indexes stay clean: when everything is over nothing is left in any, and no script looks at much at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards
from sso_center.core.endings.endings import BATCH
from sso_center.core.reasons import Reason
from sso_center.core.upkeep import IndexCleanup, Sweep
from sso_center.core.upkeep.index_cleanup import PAGE
from tests.endings.belongings import ALL, belongings_of, sites_of
from tests.endings.conftest import sign_in
from tests.harness.core import DAY, HOUR, Core, core_in

INDEXES = (
    "deadlines",
    "closed",
    "seen",
    "online",
    "revoking",
    "family-deadlines",
    "user-sessions:*",
    "client-sessions:*",
    "user-families:*",
)
SESSION_RECORDS = ("session:*", "participants:*", "steps:*", "chain:*", "family:*")


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """A core of one test: it looks at everything there is."""
    with core_in(tmp_path) as core:
        yield core


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core where nothing happens but what a test puts into one index and takes out again."""
    with core_in(tmp_path_factory.mktemp("quiet")) as core:
        core.services.clients.add("shop", redirect_uris=("https://shop.example/",))
        yield core


class Broom:
    """What the courier keeps the store clean with."""

    def __init__(self, core: Core) -> None:
        services = core.services
        self._sweep = Sweep(services.redis, services.endings, services.revoker, services.clock)
        self._index_cleanup = IndexCleanup(services.redis, services.clients)

    def sweep(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self._sweep.sweep()
            self._index_cleanup.clean_up()


def there(core: Core, *kinds: str) -> list[str]:
    """Return the keys of these kinds."""
    return sorted(key for kind in kinds for key in core.services.redis.scan(f"sso:*:{kind}"))


def lose(core: Core, *kinds: str) -> None:
    """Take keys out as if their time in Redis had run out while nobody swept."""
    for key in there(core, *kinds):
        core.services.redis.command(key[5:7], "DEL", key)


def calls(core: Core) -> int:
    (text,) = core.services.redis.server_info("commandstats")
    lines = (line for line in text.splitlines() if line.startswith("cmdstat_"))
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in lines)


# Nothing is left


def test_cleanup_empties_every_index_once_everything_has_expired(core: Core) -> None:
    sites, broom = sites_of(core), Broom(core)
    held = [belongings_of(core, sites, core.person()) for _ in range(5)]
    broom.sweep(6)
    assert all(one.alive() == ALL for one in held)
    assert there(core, *INDEXES) != []
    core.time.move(100 * DAY)
    broom.sweep(8)
    assert all(one.alive() == frozenset() for one in held)
    assert there(core, *INDEXES) == []
    assert there(core, *SESSION_RECORDS) == []


def test_cleanup_drops_index_entries_of_keys_that_redis_dropped(core: Core) -> None:
    sites, broom = sites_of(core), Broom(core)
    for _ in range(5):
        belongings_of(core, sites, core.person())
    lose(core, "session:*", "participants:*")
    core.time.move(100 * DAY)
    broom.sweep(8)
    assert there(core, *INDEXES) == []


def test_cleanup_drops_a_client_that_is_not_in_the_session_from_its_index(core: Core) -> None:
    shop, other, broom = core.site(), core.site(), Broom(core)
    held = sign_in(core, shop)
    strange = f"sso:{{{held.user.shard}}}:client-sessions:{other.client_id}"
    core.services.redis.command(held.user.shard, "ZADD", strange, 1, held.sid)
    core.services.redis.command(held.user.shard, "PEXPIRE", strange, HOUR)
    broom.sweep(3)
    assert there(core, "client-sessions:*") == [strange.replace(other.client_id, shop.client_id)]


def test_cleanup_drops_the_family_of_a_client_that_left_the_session(core: Core) -> None:
    sites, broom = sites_of(core), Broom(core)
    mine = belongings_of(core, sites, core.person())
    core.services.endings.leave(mine.sid, sites.opaque.client_id, "me")
    before = mine.alive()
    broom.sweep(3)
    assert (
        mine.alive()
        == before
        == {"session", "app", "jwt", "jwt offline", "opaque offline", "refresh offline"}
    )
    assert len(there(core, "family:*")) == 4


def test_families_go_with_the_session_they_hang_on_and_offline_ones_stay(core: Core) -> None:
    sites, broom = sites_of(core), Broom(core)
    mine = belongings_of(core, sites, core.person())
    before = len(there(core, "family:*"))
    core.time.move(13 * HOUR)
    broom.sweep(3)
    assert mine.alive() == {"app", "refresh offline"}
    assert len(there(core, "family:*")) == before - 2
    assert len(there(core, "user-families:*")) == 1


@pytest.mark.parametrize("scope", ["everyone", "user"])
def test_cleanup_drops_offline_families_that_were_cut_off(core: Core, scope: str) -> None:
    sites, broom = sites_of(core), Broom(core)
    mine = belongings_of(core, sites, core.person())
    name = mine.user.sub if scope == "user" else ""
    list(core.services.mass_endings.end(scope, name, "admin", "cli"))  # type: ignore[arg-type]
    broom.sweep(3)
    assert there(core, *INDEXES) == []
    assert there(core, *SESSION_RECORDS) == []


def test_cleanup_never_drops_what_still_counts(core: Core) -> None:
    sites, broom = sites_of(core), Broom(core)
    mine = belongings_of(core, sites, core.person())
    places = {key: members(core, key) for key in there(core, *INDEXES)}
    broom.sweep(10)
    assert {key: members(core, key) for key in there(core, *INDEXES)} == places
    assert mine.alive() == ALL


def members(core: Core, index: str) -> list[str]:
    found: list[str] = core.services.redis.command(index[5:7], "ZRANGE", index, 0, -1)
    return found


def test_every_redis_key_has_an_expiry(core: Core) -> None:
    sites = sites_of(core)
    belongings_of(core, sites, core.person())
    person = belongings_of(core, sites, core.person()).user
    list(core.services.mass_endings.end("user", person.sub, Reason.ADMIN, "cli"))
    Broom(core).sweep(3)
    assert list(core.services.redis.keys_without_expiry()) == []
    for key in there(core, "used:*"):
        assert 0 < core.services.redis.command(key[5:7], "PTTL", key) <= 26 * HOUR


# Nothing is long


@pytest.mark.parametrize(
    "index", ["deadlines", "closed", "seen", "online", "revoking", "family-deadlines", "client-sessions:shop"]
)
def test_a_cleanup_round_looks_at_one_page_however_much_is_left_over(quiet: Core, index: str) -> None:
    broom = Broom(quiet)
    broom.sweep()
    shard, key, many = "2a", f"sso:{{2a}}:{index}", 20 * BATCH
    before = calls(quiet)
    broom.sweep()
    empty = calls(quiet) - before
    lost = [word for number in range(many) for word in (1, f"2a-lost-{number}")]
    quiet.services.redis.command(shard, "ZADD", key, *lost)
    quiet.services.redis.command(shard, "PEXPIRE", key, HOUR)
    before = calls(quiet)
    broom.sweep()
    assert calls(quiet) - before - empty <= 4 * max(BATCH, 2 * PAGE)
    left = quiet.services.redis.command(shard, "ZCARD", key)
    quiet.services.redis.command(shard, "UNLINK", key)
    assert many - 2 * BATCH <= left < many


def test_a_person_with_many_lost_sessions_is_looked_at_in_parts(core: Core) -> None:
    broom, user = Broom(core), core.person()
    held = sign_in(core, user=user)
    own = f"sso:{{{user.shard}}}:user-sessions:{user.sub}"
    lost = [word for number in range(100) for word in (1, f"{user.shard}lost{number}")]
    core.services.redis.command(user.shard, "ZADD", own, *lost)
    broom.sweep()
    assert core.services.redis.command(user.shard, "ZCARD", own) == 96
    broom.sweep(30)
    assert members(core, own) == [held.sid]


def test_a_shard_that_is_away_keeps_no_other_waiting(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = core.person(shard=all_shards()[0]), core.person(shard=all_shards()[-1])
    sign_in(core, user=first)
    held = sign_in(core, user=other)
    core.time.move(13 * HOUR)
    run = core.services.redis.run

    def away(script: object, shard: str, args: object = ()) -> object:
        if shard == all_shards()[0]:
            raise Unavailable(detail="redis: away")
        return run(script, shard, args)  # type: ignore[arg-type]

    monkeypatch.setattr(core.services.redis, "run", away)
    with pytest.raises(Unavailable):
        Broom(core).sweep()
    assert core.record(held.sid, "session", held.sid) == {}
