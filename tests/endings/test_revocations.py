"""Taking back what is no session: a family, one access token, what a client may do without a session."""

import secrets
from dataclasses import dataclass

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.upkeep import Sweep
from sso_center.core.upkeep.sweep import UNFINISHED_AFTER
from sso_center.core.users import User
from tests.endings.conftest import Books
from tests.harness.core import DAY, MINUTE, Core

CLOCKS_DIFFER = MINUTE


@dataclass(frozen=True)
class Family:
    """A family as Redis holds it: its record, its chain, its places in the indexes."""

    core: Core
    user: User
    id: str

    @property
    def is_denied(self) -> bool:
        return self._ask("EXISTS", "denied", self.id) == 1

    @property
    def has_chain(self) -> bool:
        return self._ask("EXISTS", "chain", f"{self.id}-chain") == 1

    @property
    def traces(self) -> list[str]:
        """Where anything of it is left, the denial apart."""
        found = [kind for kind in ("family", "chain") if self._ask("EXISTS", kind, self._name(kind))]
        for index in (f"user-families:{self.user.sub}", "family-deadlines", "revoking"):
            if (
                self.core.services.redis.command(self.shard, "ZSCORE", self._index(index), self.id)
                is not None
            ):
                found.append(index.partition(":")[0])
        return found

    @property
    def shard(self) -> str:
        return self.user.shard

    def put(self, client: Client) -> "Family":
        """Write what a refresh token leaves in Redis."""
        redis, deadline = self.core.services.redis, self.core.time() + 90 * DAY
        family = redis.key(self.shard, "family", self.id)
        redis.command(
            self.shard,
            "HSET",
            family,
            "client",
            client.client_id,
            "sub",
            self.user.sub,
            "chain",
            self._name("chain"),
        )
        redis.command(
            self.shard, "HSET", redis.key(self.shard, "chain", self._name("chain")), "owner", self.id
        )
        for index in (f"user-families:{self.user.sub}", "family-deadlines"):
            redis.command(self.shard, "ZADD", self._index(index), deadline, self.id)
        return self

    def denied_for(self) -> int:
        return int(self._ask("PTTL", "denied", self.id))

    def _name(self, kind: str) -> str:
        return f"{self.id}-chain" if kind == "chain" else self.id

    def _index(self, name: str) -> str:
        return f"sso:{{{self.shard}}}:{name}"

    def _ask(self, command: str, kind: str, name: str) -> int:
        redis = self.core.services.redis
        return int(redis.command(self.shard, command, redis.key(self.shard, kind, name)))


def family_of(core: Core, client: Client, user: User | None = None) -> Family:
    user = user or core.person()
    return Family(core, user, user.shard + secrets.token_hex(16)).put(client)


def revoke(core: Core, family: Family, client: Client, reason: Reason = Reason.REUSE) -> None:
    core.services.revoker.revoke_family(
        family.id, sub=family.user.sub, client_id=client.client_id, reason=reason
    )


def sweep(core: Core) -> None:
    core.time.move(UNFINISHED_AFTER)
    Sweep(core.services.redis, core.services.endings, core.services.revoker, core.services.clock).sweep()


# A family


def test_only_the_denial_of_a_revoked_family_stays_in_redis(core: Core, books: Books, shop: Client) -> None:
    family, other = family_of(core, shop), family_of(core, shop)
    revoke(core, family, shop)
    assert (family.is_denied, family.traces) == (True, [])
    assert len(other.traces) == 4
    assert not other.is_denied
    # A token may have been given when the setting was the longest one.
    assert DAY < family.denied_for() <= DAY + CLOCKS_DIFFER
    (entry,) = books.journal(sub=family.user.sub)
    assert (entry.kind, entry.reason, entry.client_id) == ("revocation", "reuse", shop.client_id)
    assert entry.detail == {"families": [family.id]}
    assert [row.tag for row in books.audit(sub=family.user.sub)] == ["center:family:revoke"]


def test_a_family_revoked_with_sql_away_is_dead_and_the_sweep_records_it(
    core: Core, books: Books, shop: Client
) -> None:
    family = family_of(core, shop)
    with books.away(), pytest.raises(Unavailable):
        revoke(core, family, shop)
    assert (family.is_denied, family.has_chain) == (True, False)
    assert books.journal(sub=family.user.sub) == []
    # However long SQL was away: what a token's life is would not be enough.
    assert family.denied_for() > 6 * DAY
    sweep(core)
    (entry,) = books.journal(sub=family.user.sub)
    assert (entry.reason, entry.client_id, entry.actor) == ("reuse", shop.client_id, "center")
    assert family.traces == []


def test_a_revocation_that_is_applied_again_changes_nothing(core: Core, books: Books, shop: Client) -> None:
    family = family_of(core, shop)
    for _ in range(2):
        revoke(core, family, shop)
    entries = core.services.entries
    entry = next(one for one in entries.unapplied(10_000) if one.sub == family.user.sub)
    core.services.applier.apply(entry)
    assert (family.is_denied, family.traces) == (True, [])
    assert len(books.journal(sub=family.user.sub)) == 1


def test_an_id_without_a_shard_revokes_nothing(core: Core, books: Books, shop: Client) -> None:
    before = core.services.entries.head()
    core.services.revoker.revoke_family("zz", sub="", client_id=shop.client_id)
    core.services.revoker.revoke_token(
        "zz", sub="", client_id=shop.client_id, until=core.time() + MINUTE, actor="x"
    )
    assert core.services.entries.head() == before


# One token


def token_of(core: Core) -> Family:
    user = core.person()
    return Family(core, user, f"{user.shard}{secrets.token_hex(16)}.1")


def revoke_token(core: Core, token: Family, client: Client, life: int) -> None:
    core.services.revoker.revoke_token(
        token.id, sub=token.user.sub, client_id=client.client_id, until=core.time() + life, actor="client:x"
    )


def test_a_token_is_denied_for_the_rest_of_its_life(core: Core, books: Books, shop: Client) -> None:
    token = token_of(core)
    revoke_token(core, token, shop, 3 * MINUTE)
    assert 0 < token.denied_for() <= 3 * MINUTE + CLOCKS_DIFFER
    assert token.denied_for() > 2 * MINUTE
    assert token.traces == []
    (entry,) = books.journal(sub=token.user.sub)
    assert entry.detail == {"denied": token.id, "until": core.time() + 3 * MINUTE}
    assert (entry.actor, entry.reason) == ("client:x", "revoked")
    assert [row.tag for row in books.audit(sub=token.user.sub)] == ["center:token:revoke"]


def test_a_token_that_has_expired_need_not_be_denied(core: Core, books: Books, shop: Client) -> None:
    token = token_of(core)
    revoke_token(core, token, shop, 0)
    assert not token.is_denied
    assert books.journal(sub=token.user.sub) == []


def test_a_token_revoked_with_sql_away_is_dead_and_the_sweep_records_it(
    core: Core, books: Books, shop: Client
) -> None:
    token = token_of(core)
    until = core.time() + 3 * MINUTE
    with books.away(), pytest.raises(Unavailable):
        revoke_token(core, token, shop, 3 * MINUTE)
    assert token.is_denied
    sweep(core)
    (entry,) = books.journal(sub=token.user.sub)
    assert (entry.detail, entry.actor) == ({"denied": token.id, "until": until}, "client:x")
    assert (token.is_denied, token.traces) == (True, [])


def test_the_record_of_a_dead_token_denies_nothing_when_it_is_replayed(
    core: Core, books: Books, shop: Client
) -> None:
    token = token_of(core)
    revoke_token(core, token, shop, 3 * MINUTE)
    entry = next(one for one in core.services.entries.unapplied(10_000) if one.sub == token.user.sub)
    redis = core.services.redis
    redis.command(token.shard, "DEL", redis.key(token.shard, "denied", token.id))
    core.services.applier.apply(entry)
    assert token.is_denied
    redis.command(token.shard, "DEL", redis.key(token.shard, "denied", token.id))
    core.time.move(3 * MINUTE + CLOCKS_DIFFER)
    core.services.applier.apply(entry)
    assert not token.is_denied


# What a client may do without a session


def test_offline_access_is_revoked_for_one_client_of_one_person(
    core: Core, books: Books, shop: Client, forum: Client
) -> None:
    user = core.person()
    mine = [family_of(core, shop, user) for _ in range(3)]
    kept = [family_of(core, forum, user), family_of(core, shop)]
    assert core.services.revoker.revoke_offline(user.sub, shop.client_id, user.sub) == 3
    assert all(family.is_denied and family.traces == [] for family in mine)
    assert not any(family.is_denied for family in kept)
    (entry,) = books.journal(sub=user.sub)
    assert sorted(entry.detail["families"]) == sorted(family.id for family in mine)
    assert (entry.actor, entry.reason) == (user.sub, "revoked")
    assert [row.tag for row in books.audit(sub=user.sub)] == ["center:offline:revoke"]


def test_revoking_absent_offline_access_records_nothing(core: Core, books: Books, shop: Client) -> None:
    user = core.person()
    assert core.services.revoker.revoke_offline(user.sub, shop.client_id, user.sub) == 0
    assert books.journal(sub=user.sub) == []


def test_offline_access_revoked_with_sql_away_is_dead_and_a_retry_records_it(
    core: Core, books: Books, shop: Client
) -> None:
    user = core.person()
    families = [family_of(core, shop, user) for _ in range(2)]
    with books.away(), pytest.raises(Unavailable):
        core.services.revoker.revoke_offline(user.sub, shop.client_id, user.sub)
    assert all(family.is_denied and not family.has_chain for family in families)
    assert core.services.revoker.revoke_offline(user.sub, shop.client_id, user.sub) == 2
    assert all(family.traces == [] for family in families)
    assert len(books.journal(sub=user.sub)) == 1
