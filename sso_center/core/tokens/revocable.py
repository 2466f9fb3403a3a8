"""The owner of a token that may be revoked, whether or not the token counts just now."""

from collections.abc import Callable, Sequence

from sso_center.core.chains.token import ChainSigner, ChainToken, holder_arguments
from sso_center.core.tokens.access import AccessTokens
from sso_center.core.tokens.app import AppTokens
from sso_center.core.tokens.parts import FAMILY_PARTS
from sso_center.core.tokens.records import Kind, RevocableToken
from sso_center.storage.redis import Redis, load_script

_PARTS = (*FAMILY_PARTS, "revocable.lua")
_FIND_REVOCABLE = load_script(__package__, *_PARTS, "find_revocable.lua")
_FIND_REVOCABLE_JWT = load_script(__package__, *_PARTS, "find_revocable_jwt.lua")
_FIND_REVOCABLE_CHAIN = load_script(__package__, *_PARTS, "find_revocable_chain.lua")


class RevocableTokens:
    """Finds tokens of every kind that were issued and have not ended for good."""

    def __init__(
        self,
        redis: Redis,
        access: AccessTokens,
        refresh_signer: Callable[[], ChainSigner],
        app: AppTokens,
    ) -> None:
        self._redis = redis
        self._access = access
        self._refresh_signer = refresh_signer
        self._app = app

    def find_revocable(self, token: str) -> RevocableToken | None:
        """Return the token as it was issued, or None when it is none of ours or has ended for good.

        It also finds a refresh or app token that was used long ago, and one of a disabled person: a revoked
        token must not live again when the person is enabled. Raises Unavailable.
        """
        app = self._app.read(token)
        if app is not None:
            return self._find_chain("app", app)
        refresh = self._refresh_signer().loads(token)
        if refresh is not None:
            return self._find_chain("refresh", refresh)
        asked = self._access.read(token)
        if asked is None:
            return None
        script = _FIND_REVOCABLE_JWT if asked.is_jwt else _FIND_REVOCABLE
        return _revocable("access", self._redis.run(script, asked.shard, asked.arguments))

    def _find_chain(self, kind: Kind, token: ChainToken) -> RevocableToken | None:
        return _revocable(
            kind,
            self._redis.run(_FIND_REVOCABLE_CHAIN, token.shard, {"kind": kind, **holder_arguments(token)}),
        )


def _revocable(kind: Kind, reply: Sequence[str]) -> RevocableToken | None:
    if reply[0] != "given":
        return None
    found = _FIND_REVOCABLE.read(reply)
    return RevocableToken(
        kind=kind,
        client_id=found.client,
        sub=found.sub,
        sid=found.sid or None,
        family=found.family or None,
        jti=".".join(part for part in (found.family, found.number) if part),
        deadline=found.deadline,
    )
