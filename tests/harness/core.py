"""The core in this very process, on the real embedded server, with a clock that moves only when told."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import shard_of
from sso_center.base.settings import load_settings
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRequest
from sso_center.core.reasons import Reason
from sso_center.core.sessions import OpenedSession
from sso_center.core.tokens import Redeemed
from sso_center.core.users import User
from sso_center.protocols.table import FACADES, Facades
from sso_center.services import Services, build_services
from sso_center.storage.migrate import migrate
from sso_center.storage.sql import database_url
from tests.harness.empty_store import put_empty_store
from tests.harness.hot import Hot

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

REDIRECT = "https://shop.example/callback"


@dataclass
class Time:
    """A clock in milliseconds that moves only when told."""

    now: int = field(default=1_800_000_000_000)

    def __call__(self) -> int:
        """Return the instant."""
        return self.now

    def move(self, milliseconds: int) -> None:
        """Let so much time pass."""
        self.now += milliseconds


@dataclass(frozen=True)
class Core:
    """The core and its clock, and the few steps that nearly every test begins with."""

    services: Services
    time: Time

    @property
    def hot(self) -> Hot:
        """Look at what Redis holds, and let it lose things."""
        return Hot(self.services.redis)

    def close_unrecorded(self, sid: str, *, reason: Reason = Reason.LOGOUT, actor: str = "me") -> None:
        """End a session as somebody does who dies before the ending is recorded."""
        away = Unavailable(detail="the machine died")
        with (
            mock.patch.object(type(self.services.entries), "record", side_effect=away),
            suppress(Unavailable),
        ):
            self.services.endings.end_session(sid, reason, actor)

    def person(self, *roles: str, shard: str | None = None) -> User:
        """Register somebody without a password, in the given shard when one is."""
        while True:
            user = self.services.users.add(f"person-{secrets.token_hex(6)}", roles=roles)
            if shard in (None, shard_of(user.sub)):
                return user

    def site(self, **registration: Any) -> Client:
        """Register a client with a secret."""
        name = f"site-{secrets.token_hex(5)}"
        return self.services.clients.add(name, redirect_uris=(REDIRECT,), **registration)[0]

    def open(self, user: User, *, previous: str | None = None, remember: bool = False) -> OpenedSession:
        """Open a session for somebody who has just proved who they are."""
        return self.services.sessions.open(
            user, remember=remember, amr=("pwd",), user_agent="", address="", previous=previous
        )

    def code(self, cookie: str, client: Client, **asked: Any) -> str:
        """Return a grant that is issued for a living session."""
        code = self.services.grants.issue(cookie, request_of(client, **asked)).code
        assert code is not None
        return code

    def redeem(self, code: str, client: Client, **changes: Any) -> Redeemed:
        """Redeem a grant without PKCE."""
        presented = {
            "client": client,
            "redirect_uri": REDIRECT,
            "code_verifier": None,
            **changes,
        }
        return self.services.tokens.redeem(code, **presented)

    def token(self, cookie: str, client: Client) -> str:
        """Return an access token of a living session."""
        return self.redeem(self.code(cookie, client), client).access_token

    def is_alive(self, client: Client, sid: str) -> bool:
        """Say what the client is told of a session."""
        return self.services.endings.check(client.client_id, [sid])[sid]

    def record(self, sid_or_shard: str, kind: str, name: str) -> dict[str, str]:
        """Return a hash of the shard that an id carries."""
        return self.hot.record(sid_or_shard[:2], kind, name)

    def forget_copy(self, user: User) -> None:
        """Take the user's copy out of Redis, as an eviction would."""
        self.hot.lose(user.shard, "user", user.sub)

    def show_copy(self, user: User, **changes: Any) -> User:
        """Write a changed copy of the user, as a change in SQL does that ends no session by itself."""
        changed = replace(user, version=user.version + 1, **changes)
        self.services.users.write_through(changed)
        return changed


def request_of(client: Client, **asked: Any) -> GrantRequest:
    """Return what `client` asks a grant for."""
    return GrantRequest(client.client_id, REDIRECT, **{"scope": ("openid",), **asked})


@contextmanager
def core_in(folder: Path, *, facades: Facades = FACADES, **settings: str) -> Iterator[Core]:
    """Build the core on stores in `folder` while the block runs."""
    time = Time()
    with_patience = {"SSO_DATA_DIR": str(folder), "SSO_REDIS_TIMEOUT_MS": "10000", **settings}
    services = build(with_patience, time, facades)
    try:
        yield Core(services, time)
    finally:
        services.close()


def build(settings: dict[str, str], clock: Callable[[], int], facades: Facades = FACADES) -> Services:
    """Build the core of one process by these settings."""
    loaded = load_settings(settings)
    if not put_empty_store(settings):
        migrate(database_url(loaded))
    return build_services(loaded, facades, clock=clock)
