"""The core in this process, with a person who is signed in and clients of every kind."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sso_center.core.clients import Client
from sso_center.core.tokens import Redeemed
from sso_center.core.users import User
from tests.harness.core import DAY, Core, core_in

Records = list[tuple[str, list[str]]]
"""Hashes: each key, and its fields and values in turn."""

REFRESHING = ("authorization_code", "refresh_token")


@dataclass
class Holder:
    """A client that holds what one login of one person gave it."""

    core: Core
    user: User
    client: Client
    first: Redeemed
    refresh_token: str

    def refresh(self, token: str | None = None, *, scope: tuple[str, ...] | None = None) -> Redeemed:
        """Use a refresh token, by default the newest, and keep the successor."""
        asked = self.core.services.tokens.refresh(
            token or self.refresh_token, client=self.client, scope=scope
        )
        if token is None:
            self.refresh_token = asked.refresh_token
        return asked

    def counts(self, token: str) -> bool:
        """Say whether a token is active."""
        return self.core.services.tokens.find_active(token) is not None

    def family(self) -> str:
        """Return the name of all that came of the login's grant."""
        found = self.core.services.tokens.find_active(self.first.access_token)
        assert found is not None
        assert found.family is not None
        return found.family

    def saved(self) -> Records:
        """Return what the store holds of the family now."""
        family = self.family()
        redis, shard = self.core.services.redis, family[:2]
        chain = self.core.record(family, "family", family)["chain"]
        keys = [redis.key(shard, "family", family), redis.key(shard, "chain", chain)]
        return [(key, redis.command(shard, "HGETALL", key)) for key in keys]

    def restore(self, saved: Records) -> None:
        """Let the store lose all that was written to the family since."""
        redis, shard = self.core.services.redis, self.user.shard
        for key, flat in saved:
            redis.command(shard, "DEL", key)
            if flat:
                redis.command(shard, "HSET", key, *flat)
                redis.command(shard, "PEXPIRE", key, DAY)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    long = str(300 * DAY // 1000)
    with core_in(
        tmp_path_factory.mktemp("tokens"), SSO_SESSION_IDLE=long, SSO_SESSION_ABSOLUTE=long
    ) as built:
        yield built


def hold(
    core: Core, *, scope: tuple[str, ...] = ("openid", "profile", "email"), **registration: object
) -> Holder:
    """Sign somebody in at a new client that may refresh."""
    user = core.person()
    wanted = {
        "grant_types": REFRESHING,
        "scopes": ("offline_access",),
        "id_token_alg": "ES256",
        **registration,
    }
    client = core.site(**wanted)
    code = core.code(core.open(user).cookie, client, scope=scope)
    first = core.redeem(code, client)
    assert first.refresh_token is not None
    return Holder(core, user, client, first, first.refresh_token)


@pytest.fixture
def opaque(core: Core) -> Holder:
    return hold(core)


@pytest.fixture
def signed(core: Core) -> Holder:
    return hold(core, access_token_format="jwt")
