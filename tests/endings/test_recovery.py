"""A shard that came back from an old copy: the journal is applied before anything in it counts again."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert

from sso_center.base.actor import Actor
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import Reason
from sso_center.storage.schema import journal
from tests.endings.conftest import Held, sign_in
from tests.harness.core import Core, build


class OldCopy:
    """What one shard held at a moment, to be put back as a restored backup would."""

    def __init__(self, core: Core, shard: str) -> None:
        self._core, self._shard = core, shard
        self._values = {key: self._read(key) for key in self._keys()}

    def put_back(self, **marker: str | int) -> None:
        """Make the shard what it was, under another run of the server; `marker` changes what it says."""
        for key in self._keys():
            self._ask("DEL", key)
        for key, command in self._values.items():
            self._ask(command[0], key, *command[1:])
            self._ask("PEXPIRE", key, 10**9)
        changes = {"run": "an earlier run", **marker}
        self._ask(
            "HSET", f"sso:{{{self._shard}}}:shard", *(part for pair in changes.items() for part in pair)
        )

    def put_back_nothing(self) -> None:
        """Make the shard what it is in a server that lost everything."""
        for key in self._keys():
            self._ask("DEL", key)

    def _keys(self) -> list[str]:
        return list(self._core.services.redis.scan(f"sso:{{{self._shard}}}:*"))

    def _read(self, key: str) -> list[str]:
        kind = self._ask("TYPE", key)
        if kind == "hash":
            return ["HSET", *self._ask("HGETALL", key)]
        if kind == "zset":
            pairs = self._ask("ZRANGE", key, 0, -1, "WITHSCORES")
            return ["ZADD", *(part for at in range(0, len(pairs), 2) for part in (pairs[at + 1], pairs[at]))]
        if kind == "stream":
            return ["XADD", "*", "at", "0", "tag", "", "sub", "", "sid", "", "client", ""]
        if kind == "list":
            return ["RPUSH", *self._ask("LRANGE", key, 0, -1)]
        assert kind == "string", kind
        return ["SET", self._ask("GET", key)]

    def _ask(self, *command: str | int):  # type: ignore[no-untyped-def]
        return self._core.services.redis.command(self._shard, *command)


def is_in(core: Core, held: Held) -> bool:
    return core.services.sessions.visit(held.cookie).session is not None


@pytest.fixture
def held(core: Core, shop: Client) -> Held:
    return sign_in(core, shop, user=core.person("staff"))


@pytest.fixture
def copy(core: Core, held: Held) -> OldCopy:
    return OldCopy(core, held.user.shard)


def test_a_restored_redis_that_missed_nothing_is_accepted_as_it_is(
    core: Core, held: Held, copy: OldCopy
) -> None:
    copy.put_back()
    assert is_in(core, held)
    assert core.services.redis.marker(held.user.shard).is_trusted


TAKEN_BACK: dict[str, Callable[[Core, Held], object]] = {
    "ended": lambda core, held: core.services.endings.end_session(held.sid, Reason.LOGOUT, "me"),
    "user cut off": lambda core, held: next(
        core.services.mass_endings.end("user", held.user.sub, Reason.ADMIN, "cli")
    ),
    "role cut off": lambda core, held: next(
        core.services.mass_endings.end("role", "staff", Reason.ADMIN, "cli")
    ),
    "everyone cut off": lambda core, held: next(
        core.services.mass_endings.end("everyone", "", Reason.ADMIN, "cli")
    ),
    "disabled": lambda core, held: core.services.users.set_disabled(held.user.sub, True),
    "removed": lambda core, held: core.services.administration.users.remove(Actor("me"), held.user.sub),
}


@pytest.mark.parametrize("what", TAKEN_BACK)
def test_endings_and_revocations_since_the_copy_do_not_come_back(
    core: Core, held: Held, copy: OldCopy, what: str
) -> None:
    TAKEN_BACK[what](core, held)
    copy.put_back()
    assert not is_in(core, held)


def test_a_site_that_was_left_or_cut_off_since_is_out(core: Core, held: Held, shop: Client) -> None:
    forum = core.site()
    tokens = {site.client_id: core.token(held.cookie, site) for site in (shop, forum)}
    copy = OldCopy(core, held.user.shard)
    core.services.endings.leave(held.sid, shop.client_id, "me")
    next(core.services.mass_endings.end("client", forum.client_id, Reason.ADMIN, "cli"))
    copy.put_back()
    assert is_in(core, held)
    for site in (shop, forum):
        assert not core.is_alive(site, held.sid)
        assert core.services.tokens.find_active(tokens[site.client_id]) is None


def test_a_family_that_was_revoked_since_stays_revoked(core: Core, held: Held, shop: Client) -> None:
    code = core.code(held.cookie, shop)
    token = core.redeem(code, shop).access_token
    copy = OldCopy(core, held.user.shard)
    with pytest.raises(GrantRefused) as replayed:
        core.redeem(code, shop)
    family = replayed.value.family  # type: ignore[attr-defined]
    core.services.revoker.revoke_family(family, sub=held.user.sub, client_id=shop.client_id)
    copy.put_back()
    assert core.services.tokens.find_active(token) is None


def test_grants_of_before_are_void_and_sessions_and_tokens_are_not(
    core: Core, held: Held, shop: Client
) -> None:
    code, token = core.code(held.cookie, shop), core.token(held.cookie, shop)
    copy = OldCopy(core, held.user.shard)
    copy.put_back()
    with pytest.raises(GrantRefused) as refused:
        core.redeem(code, shop)
    assert refused.value.reason == "voided"
    assert core.services.tokens.find_active(token) is not None
    core.redeem(core.code(held.cookie, shop), shop)


def test_a_role_that_changed_since_is_the_new_one(core: Core, held: Held, copy: OldCopy) -> None:
    core.services.users.update(held.user.sub, roles=("boss",))
    copy.put_back()
    session = core.services.sessions.visit(held.cookie).session
    assert session is not None
    assert session.user.roles == ("boss",)


def test_a_mark_of_another_history_of_the_journal_counts_for_nothing(
    core: Core, held: Held, copy: OldCopy
) -> None:
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    copy.put_back(lineage="another", position=10**9)
    assert not is_in(core, held)
    marker = core.services.redis.marker(held.user.shard)
    assert marker.lineage == core.services.entries.lineage()
    assert marker.position < 10**9


def test_more_entries_than_a_page_are_all_applied(core: Core, held: Held, copy: OldCopy) -> None:
    shard, head = held.user.shard, core.services.entries.head()
    rows = [
        {
            "number": head + n,
            "id": f"{held.sid}-{n}",
            "kind": "revocation",
            "at": core.time.now,
            "shard": shard,
            "reason": "replay",
            "actor": "center",
            "detail": {"denied": f"{shard}{held.sid}-{n}"},
            "is_applied": True,
        }
        for n in range(1, 1101)
    ]
    with core.services.database.write() as connection:
        connection.execute(insert(journal), rows)
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    copy.put_back()
    assert not is_in(core, held)
    redis = core.services.redis
    assert all(
        redis.command(shard, "EXISTS", redis.key(shard, "denied", f"{shard}{held.sid}-{n}"))
        for n in (1, 700, 1100)
    )
    assert redis.marker(shard).position == head + 1101


def test_a_change_of_clients_that_the_copy_missed_is_known_to_it_again(
    core: Core, held: Held, copy: OldCopy
) -> None:
    site = core.site()
    core.services.clients.remove(site.client_id)
    copy.put_back()
    assert is_in(core, held)
    assert core.services.redis.marker(held.user.shard).config == core.services.entries.configuration_version()


def test_entries_older_than_the_horizon_are_not_replayed(core: Core, held: Held) -> None:
    core.services.endings.end_session(held.sid, Reason.LOGOUT, "me")
    shard, entries = held.user.shard, core.services.entries
    after = entries.head() - 1
    assert len(entries.concerning(shard, after=after, since=core.time.now, limit=10)) == 1
    assert entries.concerning(shard, after=after, since=core.time.now + 1, limit=10) == []


def test_a_change_of_clients_while_a_shard_is_recovered_is_not_forgotten_by_it(
    core: Core, held: Held, copy: OldCopy
) -> None:
    data_dir = str(core.services.settings.data_dir)
    other = build({"SSO_DATA_DIR": data_dir, "SSO_REDIS_TIMEOUT_MS": "10000"}, core.time)
    trust, changes = other.redis.trust, [core.site]

    def trust_late(*arguments: object, **marker: object) -> None:
        # Between the look at the version and the word of it another process changes a client.
        while changes:
            changes.pop()()
        trust(*arguments, **marker)  # type: ignore[arg-type]

    other.redis.trust = trust_late  # type: ignore[method-assign, assignment]
    copy.put_back()
    assert other.sessions.visit(held.cookie).session is not None
    assert other.redis.configuration_version == core.services.entries.configuration_version()
    other.close()


def test_sessions_ended_by_a_roles_cut_off_stay_dead_though_the_copy_knew_no_roles(
    core: Core, shop: Client
) -> None:
    held = sign_in(core, shop, user=core.person("night"))
    core.forget_copy(held.user)
    copy = OldCopy(core, held.user.shard)
    core.services.mass_endings.cut_off("role", "night", Reason.ADMIN, "cli")
    core.services.users.update(held.user.sub, roles=())

    copy.put_back()

    assert not is_in(core, held)
