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
    ActiveToken,
    ClientToken,
    OfflineAccess,
    Redeemed,
    Refreshed,
    RevocableToken,
)
from sso_center.core.tokens.redeemer import Redeemer, TokenLifetimes
from sso_center.core.tokens.refresher import Refresher
from sso_center.core.tokens.revocable import RevocableTokens
from sso_center.storage.redis import Redis
from sso_center.storage.scripts import load_script

_LIST_OFFLINE = load_script(__package__, *FAMILY_PARTS, "list_offline.lua")
_CLIENT_TOKEN = load_script(__package__, *FAMILY_PARTS, "client_token.lua")


class Tokens:
    """Redeems grants, uses refresh tokens, issues client tokens, and says what any token is worth now."""

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
        self._access = AccessTokens(keys, issuer)
        self._redeemer = Redeemer(sessions, self._access, refresh_signer, app, lifetimes, clock)
        self._refresher = Refresher(sessions, self._access, refresh_signer, clock, life=lifetimes.access)
        self._active = ActiveTokens(sessions, clients, self._access, refresh_signer, app)
        self._given = RevocableTokens(redis, self._access, refresh_signer, app)

    def redeem(
        self,
        code: str,
        *,
        client: Client,
        redirect_uri: str | None,
        code_verifier: str | None,
        device_id: str | None = None,
        address: str = "",
        user_agent: str = "",
        shard: str | None = None,
    ) -> Redeemed:
        """Redeem a grant for its client, once; see Redeemer.redeem."""
        return self._redeemer.redeem(
            code,
            client=client,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
            device_id=device_id,
            address=address,
            user_agent=user_agent,
            shard=shard,
        )

    def refresh(self, token: str, *, client: Client, scope: tuple[str, ...] | None) -> Refreshed:
        """Use a refresh token; see Refresher.refresh."""
        return self._refresher.refresh(token, client=client, scope=scope)

    def find_active(self, token: str, *, asker: Client | None = None) -> ActiveToken | None:
        """Return what a token stands for, or None; see ActiveTokens.find_active."""
        return self._active.find_active(token, asker=asker)

    def find_revocable(self, token: str) -> RevocableToken | None:
        """Return a token as it was issued, or None; see RevocableTokens.find_revocable."""
        return self._given.find_revocable(token)

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
