"""A cut-off: one price whatever the number of sessions, exact to the millisecond, on every host."""

from collections.abc import Callable, Iterator

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.cutoffs.job_runner import LEASE_SECONDS
from sso_center.core.cutoffs.mass_endings import PAGE, Scope
from sso_center.core.journal import CutoffJob, JournalFollower
from sso_center.core.reasons import Reason
from sso_center.core.users import users
from tests.endings.belongings import ALL, Belongings, Sites, belongings_of, sites_of
from tests.endings.conftest import Books, follow, job_runner_of, sign_in
from tests.endings.crowd import crowd_everywhere
from tests.harness.core import MINUTE, SECOND, Core, Time, build, core_in

A_HUNDRED_THOUSAND = 100_000
SHARDS, AT_ONCE = 64, 200


def fill(core: Core, count: int, role: str) -> None:
    """Open that many sessions or a few more, each of another person with that role, in all shards alike."""
    for first in range(0, -(-count // SHARDS), AT_ONCE):
        many = min(AT_ONCE, -(-count // SHARDS) - first)
        crowd_everywhere(core, many, role=role, first=first)


def calls(core: Core, command: str = "") -> int:
    """Return how many commands the server has run, or how many of one kind; those inside scripts count."""
    (text,) = core.services.redis.server_info("commandstats")
    lines = (line for line in text.splitlines() if line.startswith(f"cmdstat_{command}"))
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in lines)


def cut_off(core: Core, scope: Scope, name: str = "") -> CutoffJob:
    entry = core.services.mass_endings.cut_off(scope, name, Reason.ADMIN, "cli")
    walk = core.services.cutoff_jobs.find(entry.number)
    assert walk is not None
    return walk


def again(core: Core, walk: CutoffJob) -> CutoffJob:
    """Return how far the walk is now."""
    found = core.services.cutoff_jobs.find(walk.number)
    assert found is not None
    return found


def walk_all(core: Core) -> None:
    job_runner = job_runner_of(core)
    while job_runner.step(10.0):
        pass


# Its price, and the walk that follows


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core of its own, for a crowd."""
    with core_in(tmp_path_factory.mktemp("crowded")) as core:
        yield core


def test_a_role_of_a_hundred_thousand_sessions_is_cut_off_as_cheaply_as_one_of_none(crowded: Core) -> None:
    cut_off(crowded, "role", "night")  # every script is known and every shard trusted from here on
    prices = []
    for count in (0, A_HUNDRED_THOUSAND):
        if count:
            fill(crowded, count, "night")
            assert crowded.services.sessions.count() >= count
        held = sign_in(crowded, user=crowded.person("night"))
        scripts, commands = calls(crowded, "evalsha"), calls(crowded)
        cut_off(crowded, "role", "night")
        prices.append(calls(crowded, "evalsha") - scripts)
        assert calls(crowded) - commands <= SHARDS * 2 * 8
        assert crowded.services.sessions.visit(held.cookie).session is None
        assert crowded.services.mass_endings.reach("role", "night").sessions == 0
        assert sign_in(crowded, user=held.user).sid in visible(crowded, held.user.sub)
    assert prices == [SHARDS * 2, SHARDS * 2]


def visible(core: Core, sub: str) -> list[str]:
    return [view.sid for view in core.services.sessions.of_user(sub)]


def test_a_long_cut_off_job_runs_in_slices_and_delays_no_short_one(core: Core) -> None:
    walk_all(core)
    fill(core, 3_000, "day")
    held = sign_in(core, user=core.person())
    long = cut_off(core, "role", "day")
    job_runner = job_runner_of(core)
    assert job_runner.step(0.0)
    short = cut_off(core, "user", held.user.sub)
    seen = [again(core, long)]
    while not again(core, short).is_finished:
        assert job_runner.step(0.0)
        seen.append(again(core, long))
    assert not seen[-1].is_finished
    while job_runner.step(0.0):
        seen.append(again(core, long))
    ended = [walk.ended for walk in seen]
    assert ended == sorted(ended)
    assert [walk.percent for walk in seen] == sorted(walk.percent for walk in seen)
    assert ended[-1] >= 3_000
    assert (seen[-1].percent, seen[-1].is_finished) == (100, True)
    assert again(core, short).ended == 1


def test_a_cut_off_job_whose_courier_died_is_finished_by_another(core: Core) -> None:
    walk_all(core)
    core.time.move((LEASE_SECONDS + 1) * SECOND)
    fill(core, 2_000, "dusk")
    walk, first, second = cut_off(core, "role", "dusk"), job_runner_of(core, "dies"), job_runner_of(core)
    for _ in range(20):
        first.step(0.0)
    noted = again(core, walk)
    assert 0 < noted.ended < 2_000
    assert not second.step(0.0), "the first may still be at it"
    core.time.move((LEASE_SECONDS + 1) * SECOND)
    while second.step(0.0):
        pass
    assert again(core, walk).is_finished
    # What the first ended of the shard it was at when it died is counted once.
    assert again(core, walk).ended >= 2_000
    assert core.services.mass_endings.reach("role", "dusk").sessions == 0


def test_a_finished_cut_off_job_is_forgotten_after_a_while(core: Core) -> None:
    old = cut_off(core, "role", "nobody-has-it")
    walk_all(core)
    core.time.move(2 * 60 * MINUTE)
    new = cut_off(core, "role", "nobody-has-it")
    walk_all(core)
    assert [walk.number for walk in core.services.cutoff_jobs.all()] == [new.number]
    assert core.services.cutoff_jobs.find(old.number) is None


# What it ends: everything issued up to it, and nothing issued after it


@pytest.fixture(scope="module")
def sites(core: Core) -> Sites:
    return sites_of(core)


OF_A_SITE = frozenset({"opaque", "refresh", "refresh offline", "opaque offline"})


@pytest.mark.parametrize("scope", ["user", "role", "everyone", "client"])
def test_a_cut_off_is_exact_for_tokens_issued_in_the_same_millisecond(
    core: Core, sites: Sites, scope: Scope
) -> None:
    user, stranger = core.person("guard"), belongings_of(core, sites, core.person("cook"))
    before = belongings_of(core, sites, user)
    name = {"user": user.sub, "role": "guard", "client": sites.opaque.client_id, "everyone": ""}[scope]
    cut_off(core, scope, name)
    left = ALL - OF_A_SITE if scope == "client" else frozenset()
    assert before.alive() == left
    assert stranger.alive() == (left if scope in ("client", "everyone") else ALL)
    assert core.services.mass_endings.reach(scope, name).sessions == 0
    after = belongings_of(core, sites, user)
    assert after.alive() == ALL
    assert core.services.mass_endings.reach(scope, name).sessions == (1 if scope == "client" else 2)
    walk_all(core)
    assert (before.alive(), after.alive()) == (left, ALL)


@pytest.mark.parametrize("scope", ["client", "everyone"])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_clients_own_token_dies_with_its_client_and_with_everyone(
    core: Core, scope: Scope, form: str
) -> None:
    client = core.site(grant_types=("client_credentials",), access_token_format=form)

    def token() -> str:
        return core.services.tokens.issue_to_client(client, ()).access_token

    before = token()
    cut_off(core, scope, client.client_id if scope == "client" else "")
    after = token()
    find = core.services.tokens.find_active
    assert (find(before), find(after) is None) == (None, False)


# Clocks


@pytest.fixture
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Core]]:
    """Two hosts of one center: the clock of one is half a minute behind the other's."""
    folder = tmp_path_factory.mktemp("hosts")
    with core_in(folder) as ahead:
        time = Time(ahead.time.now - 30 * SECOND)
        settings = {"SSO_DATA_DIR": str(folder), "SSO_REDIS_TIMEOUT_MS": "10000"}
        behind = Core(build(settings, time), time)
        yield {"ahead": ahead, "behind": behind}
        behind.services.close()


@pytest.mark.parametrize("issuer", ["ahead", "behind"])
@pytest.mark.parametrize("admin", ["ahead", "behind"])
@pytest.mark.parametrize("scope", ["user", "role", "everyone"])
def test_hosts_whose_clocks_differ_agree_on_before_and_after(
    hosts: dict[str, Core], issuer: str, admin: str, scope: Scope
) -> None:
    sites, user = sites_of(hosts["ahead"]), hosts["ahead"].person("guard")
    name = {"user": user.sub, "role": "guard", "everyone": ""}[scope]
    before = [belongings_of(hosts[host], sites, user) for host in ("ahead", "behind")]
    cut_off(hosts[admin], scope, name)
    after = belongings_of(hosts[issuer], sites, user)
    for host in hosts.values():
        assert [seen_by(host, one) for one in before] == [frozenset(), frozenset()]
        assert seen_by(host, after) == ALL


def seen_by(host: Core, mine: Belongings) -> frozenset[str]:
    return Belongings(host, mine.user, mine.sid, mine.held).alive()


# Roles that change


def take_the_role(core: Core, mine: Belongings) -> None:
    core.services.users.update(mine.user.sub, roles=[])


def take_the_role_while_redis_has_no_copy(core: Core, mine: Belongings) -> None:
    core.services.users.update(mine.user.sub, roles=["guard", "other"])
    entry = next(one for one in core.services.entries.unapplied(10_000) if one.sub == mine.user.sub)
    core.services.applier.apply(entry)
    assert core.record(mine.user.shard, "user", mine.user.sub) == {}
    core.services.users.update(mine.user.sub, roles=[])


def take_the_role_although_no_copy_says_it_was_there(core: Core, mine: Belongings) -> None:
    core.forget_copy(mine.user)
    core.services.users.update(mine.user.sub, roles=[])


def take_the_role_and_die_before_any_copy_is_written(core: Core, mine: Belongings) -> None:
    core.forget_copy(mine.user)

    def die(*_: object, **__: object) -> None:
        raise Unavailable

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "write_copy", die)
        with pytest.raises(Unavailable):
            core.services.users.update(mine.user.sub, roles=[])
    mine.alive()  # whoever asks now has the copy written, by somebody who knows of no change
    follow(core)


@pytest.mark.parametrize(
    "change",
    [
        take_the_role,
        take_the_role_and_die_before_any_copy_is_written,
        take_the_role_while_redis_has_no_copy,
        take_the_role_although_no_copy_says_it_was_there,
    ],
)
def test_losing_a_role_revives_no_token_that_the_roles_cut_off_ended(
    core: Core, sites: Sites, change: Callable[[Core, Belongings], None]
) -> None:
    mine = belongings_of(core, sites, core.person("guard"))
    cut_off(core, "role", "guard")
    change(core, mine)
    assert mine.alive() == frozenset()
    walk_all(core)
    user = core.services.users.get(mine.user.sub)
    assert belongings_of(core, sites, user).alive() == ALL


def test_a_cut_off_reaches_nobody_who_lost_the_role_before_however_late_the_courier_hears_of_it(
    core: Core, sites: Sites
) -> None:
    mine = belongings_of(core, sites, core.person("guard"))
    core.services.users.update(mine.user.sub, roles=[])
    left = mine.alive()
    assert "session" in left
    core.time.move(1)
    cut_off(core, "role", "guard")
    assert mine.alive() == left
    follower = JournalFollower(
        core.services.entries, core.services.applier, core.services.users, core.services.mass_endings.enforce
    )
    while follower.follow():
        pass
    walk_all(core)
    assert mine.alive() == left


def test_losing_a_role_without_a_cut_off_ends_no_session(core: Core, sites: Sites) -> None:
    mine = belongings_of(core, sites, core.person("unheard-of"))
    core.services.users.update(mine.user.sub, roles=[])
    assert "session" in mine.alive()


# Who is told


def test_a_cut_off_job_notifies_every_site_of_every_session_once(
    core: Core, books: Books, shop: Client
) -> None:
    held = [sign_in(core, shop, user=core.person("told")) for _ in range(5)]
    walk = cut_off(core, "role", "told")
    assert books.told(client_id=shop.client_id, sub=held[0].user.sub) == []
    walk_all(core)
    assert again(core, walk).ended >= 5
    for one in held:
        assert books.told(sid=one.sid) == [shop.client_id]


def test_the_reach_of_a_cut_off_is_a_minimum_for_a_page_that_waits(crowded: Core) -> None:
    if crowded.services.sessions.count() < A_HUNDRED_THOUSAND:
        fill(crowded, A_HUNDRED_THOUSAND, "day")
    sign_in(crowded)
    reach = crowded.services.mass_endings.reach
    cut_short = reach("everyone", most=PAGE)
    assert not cut_short.is_whole
    assert cut_short.sessions <= PAGE * 5  # a page of an index may be given out larger
    assert reach("everyone").is_whole
    assert reach("user", sign_in(crowded).user.sub, most=PAGE).is_whole
