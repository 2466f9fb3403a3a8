"""To whom a token was given: for taking it back, which must not depend on whether it counts just now."""

from collections.abc import Callable, Sequence

from sso_center.core.chains.token import ChainSigner, ChainToken, presented_arguments
from sso_center.core.tokens.access import AccessTokens
from sso_center.core.tokens.records import Kind, RevocableToken
from sso_center.core.tokens.redeemer import FAMILY_PARTS
from sso_center.storage.redis import Redis
from sso_center.storage.scripts import load_script

_FIND_REVOCABLE = load_script(__package__, *FAMILY_PARTS, "find_revocable.lua")


class RevocableTokens:
    """Finds tokens of every kind that were given and have not ended for good."""

    def __init__(
        self,
        redis: Redis,
        access: AccessTokens,
        refresh_signer: Callable[[], ChainSigner],
        app_signer: Callable[[], ChainSigner],
    ) -> None:
        self._redis = redis
        self._access = access
        self._refresh_signer = refresh_signer
        self._app_signer = app_signer

    def find_revocable(self, token: str) -> RevocableToken | None:
        """Return to whom a token was given, or None when it is none of ours or has ended for good.

        Also found is a refresh or app token that was used long ago, and one whose person is disabled for a
        while: what its holder gives back must not come to life again. Raises Unavailable.
        """
        app = self._app_signer().loads(token)
        if app is not None:
            return self._find("app", app.shard, _presented("app", app))
        refresh = self._refresh_signer().loads(token)
        if refresh is not None:
            return self._find("refresh", refresh.shard, _presented("refresh", refresh))
        asked = self._access.read(token)
        return self._find("access", asked.shard, asked.arguments) if asked is not None else None

    def _find(self, kind: Kind, shard: str, arguments: Sequence[str | int]) -> RevocableToken | None:
        reply = self._redis.run(_FIND_REVOCABLE, shard, arguments)
        if not reply:
            return None
        client_id, sub, sid, deadline, family, number = reply
        return RevocableToken(
            kind=kind,
            client_id=client_id,
            sub=sub,
            sid=sid or None,
            family=family or None,
            jti=".".join(part for part in (family, number) if part),
            deadline=int(deadline),
        )


def _presented(kind: Kind, token: ChainToken) -> tuple[str | int, ...]:
    return (kind, token.chain_id, token.generation, presented_arguments(token)[0])
