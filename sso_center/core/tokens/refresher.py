"""Use a refresh token: for its successor and an access token, for the same answer again, or as a theft."""

from collections.abc import Callable
from typing import Any

from sso_center.base.clock import Clock
from sso_center.core.chains.token import ChainSigner, ChainToken, presented_arguments
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused
from sso_center.core.sessions import Sessions, read_about
from sso_center.core.tokens.access import AccessTokenClaims, AccessTokens, left_of
from sso_center.core.tokens.parts import FAMILY_PARTS
from sso_center.core.tokens.permission import may_act_for
from sso_center.core.tokens.records import Authentication, Redeemed, ReusedToken, ScopeRefused
from sso_center.storage.scripts import load_script

_REFRESH = load_script(__package__, *FAMILY_PARTS, "refresh.lua")


class Refresher:
    """Uses refresh tokens. `life` of an access token is in seconds."""

    def __init__(
        self,
        sessions: Sessions,
        access: AccessTokens,
        signer: Callable[[], ChainSigner],
        clock: Clock,
        *,
        life: int,
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._signer = signer
        self._clock = clock
        self._life = life * 1000

    def refresh(self, token: str, *, client: Client, scope: tuple[str, ...] | None) -> Redeemed:
        """Use a refresh token: get its successor and an access token, or the same answer again for a retry.

        `scope` narrows what the access token may do; None asks for all that was granted. Raises GrantRefused;
        its kinds are ReusedToken, when the caller must end the family, and ScopeRefused.
        """
        presented = self._signer().loads(token)
        if presented is None:
            raise GrantRefused("malformed")
        opaque, opaque_hash = self._access.candidate(client, presented.shard, presented.secret)
        reply = self._sessions.with_user(
            _REFRESH,
            presented.shard,
            {
                **presented_arguments(presented),
                "client": client.client_id,
                "asked": " ".join(scope or ()),
                "hash": opaque_hash,
                "life": self._life,
            },
        )
        if reply[0] == "reuse":
            reused = _REFRESH.read(reply)
            raise ReusedToken(reused.family, reused.sub, client.client_id)
        if reply[0] == "scope":
            raise ScopeRefused
        if reply[0] != "refreshed":
            raise GrantRefused(reply[1] or reply[0])
        return self._refreshed(client, presented, opaque, _REFRESH.read(reply))

    def _refreshed(self, client: Client, presented: ChainToken, opaque: str, told: Any) -> Redeemed:
        about, user = read_about(told.login), self._sessions.read_user(told.claims)
        if not may_act_for(client, user, told.sid):
            raise GrantRefused("not_allowed")
        given, stamp, deadline = client.scopes_of(told.scope.split()), int(told.stamp), int(told.deadline)
        authentication = Authentication(int(told.auth_time), about.acr, about.amr, told.sid or None)
        access_token = opaque
        if not access_token:
            issue = AccessTokenClaims(
                client=client,
                sub=told.sub,
                sid=told.sid,
                scope=" ".join(given),
                stamp=stamp,
                deadline=deadline,
                epoch=int(told.epoch),
                family=told.family,
                number=str(told.number),
            )
            access_token = self._access.signed(issue, user, authentication)
        return Redeemed(
            access_token=access_token,
            expires_in=left_of(deadline, self._clock()),
            scope=given,
            user=user,
            authentication=authentication,
            refresh_token=self._signer().dumps(presented.successor(told.nonce)),
            stamp=stamp,
        )
