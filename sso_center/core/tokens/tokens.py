"""The room's front: everything that can be done with a token."""

from collections.abc import Callable

from sso_center.base.clock import Clock
from sso_center.base.secrets import new_id, shard_of
from sso_center.core.chains.token import ChainSigner
from sso_center.core.clients import Client, Clients
from sso_center.core.keys import Keys
from sso_center.core.sessions import Sessions
from sso_center.core.tokens.access import AccessTokenClaims, AccessTokens, left_of
from sso_center.core.tokens.active import ActiveTokens
from sso_center.core.tokens.app import AppTokens
from sso_center.core.tokens.parts import FAMILY_PARTS
from sso_center.core.tokens.records import (
    ClientToken,
    OfflineAccess,
)
from sso_center.core.tokens.redeemer import Redeemer, TokenLifetimes
from sso_center.core.tokens.refresher import Refresher
from sso_center.core.tokens.revocable import RevocableTokens
from sso_center.storage.redis import Redis, load_script

_LIST_OFFLINE = load_script(__package__, *FAMILY_PARTS, "list_offline.lua")
_CLIENT_TOKEN = load_script(__package__, *FAMILY_PARTS, "client_token.lua")


class Tokens:
    """Redeems grants, uses refresh tokens, issues client tokens, and says what any token is worth now.

    `redeem`, `refresh`, `find_active` and `find_revocable` are described where they stand: in Redeemer,
    Refresher, ActiveTokens and RevocableTokens.
    """

    def __init__(
        self,
        redis: Redis,
        sessions: Sessions,
        clients: Clients,
        keys: Keys,
        signer_of: Callable[[str], Callable[[], ChainSigner]],
        issuer: str,
        lifetimes: TokenLifetimes,
        clock: Clock,
    ) -> None:
        refresh_signer = signer_of("refresh")
        app = AppTokens(
            sessions, clients, signer_of("app"), life=lifetimes.app, rotation=lifetimes.app_rotation
        )
        self._redis = redis
        self._clock = clock
        self._life = lifetimes.access
        self._access = access = AccessTokens(keys, issuer)
        self.redeem = Redeemer(sessions, access, refresh_signer, app, lifetimes, clock).redeem
        self.refresh = Refresher(sessions, access, refresh_signer, clock, life=lifetimes.access).refresh
        self.find_active = ActiveTokens(sessions, clients, access, refresh_signer, app).find_active
        self.find_revocable = RevocableTokens(redis, access, refresh_signer, app).find_revocable

    def offline_of(self, sub: str) -> list[OfflineAccess]:
        """Return the offline access of clients to a person, by family. Raises Unavailable."""
        rows = self._redis.run(_LIST_OFFLINE, shard_of(sub), {"sub": sub})
        return [
            OfflineAccess(client_id, tuple(scope.split()), int(since), int(until))
            for client_id, scope, since, until in rows
        ]

    def issue_to_client(self, client: Client, scope: tuple[str, ...]) -> ClientToken:
        """Return an access token with no person behind it (RFC 6749 section 4.4). Raises Unavailable."""
        shard = shard_of(client.client_id)
        jti, asked = new_id(shard), " ".join(scope)
        opaque, opaque_hash = self._access.candidate(client, shard)
        stamp, deadline = self._redis.run(
            _CLIENT_TOKEN,
            shard,
            {
                "client": client.client_id,
                "scope": asked,
                "jti": jti,
                "hash": opaque_hash,
                "life": self._life * 1000,
            },
        )
        issue = AccessTokenClaims(client, client.client_id, "", asked, int(stamp), int(deadline), 0, "", jti)
        token = opaque or self._access.signed(issue, None, None)
        return ClientToken(token, left_of(issue.deadline, self._clock()), scope)
