"""The one function that says whether a token counts right now."""

from collections.abc import Callable

from sso_center.core.chains.token import ChainSigner, ChainToken, holder_arguments
from sso_center.core.clients import Client, Clients
from sso_center.core.sessions import Sessions
from sso_center.core.tokens.access import AccessTokens
from sso_center.core.tokens.app import AppTokens
from sso_center.core.tokens.parts import FAMILY_PARTS
from sso_center.core.tokens.permission import may_act_for
from sso_center.core.tokens.records import ActiveToken, Kind
from sso_center.core.users import User
from sso_center.storage.scripts import load_script

_FIND_ACTIVE = load_script(__package__, *FAMILY_PARTS, "active.lua", "find_active.lua")
_FIND_ACTIVE_JWT = load_script(__package__, *FAMILY_PARTS, "active.lua", "find_active_jwt.lua")
_FIND_REFRESH = load_script(__package__, *FAMILY_PARTS, "find_refresh.lua")

_CHAIN_DOTS = 3
"""How many dots an app or refresh token has; a JWT has two, an opaque token none."""


class ActiveTokens:
    """Finds tokens of every kind."""

    def __init__(
        self,
        sessions: Sessions,
        clients: Clients,
        access: AccessTokens,
        refresh_signer: Callable[[], ChainSigner],
        app: AppTokens,
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._access = access
        self._refresh_signer = refresh_signer
        self._app = app

    def find_active(self, token: str, *, asker: Client | None = None) -> ActiveToken | None:
        """Return what a token stands for, or None when it does not count (any more).

        `asker` is the client that asks, and that passes on the successor of an app token issued to it. Only
        that client gets the successor: a strict client's minute begins when it is told. Raises ReusedApp when
        an app token turns out to be copied, and Unavailable when the store can't be asked: nobody is admitted
        on a guess.
        """
        if token.count(".") != _CHAIN_DOTS:
            return self._find_access(token)
        app = self._app.read(token)
        if app is not None:
            return self._find_app(app, asker)
        refresh = self._refresh_signer().loads(token)
        return self._find_refresh(refresh) if refresh is not None else None

    def _find_access(self, token: str) -> ActiveToken | None:
        asked = self._access.read(token)
        if asked is None:
            return None
        reply = self._sessions.with_user(
            _FIND_ACTIVE_JWT if asked.is_jwt else _FIND_ACTIVE, asked.shard, asked.arguments
        )
        if reply[0] != "active":
            return None
        found = _FIND_ACTIVE.read(reply)
        return self._described(
            "access",
            found.client,
            found.sub,
            found.sid,
            found.scope,
            issued_at=found.stamp,
            expires_at=found.deadline,
            user=self._sessions.read_user(found.claims) if found.claims else None,
            audience=asked.audience,
            jti=f"{found.family}.{found.number}" if found.family else found.number,
            family=found.family,
        )

    def _find_app(self, token: ChainToken, asker: Client | None) -> ActiveToken | None:
        found = self._app.find(token, asker)
        if found is None:
            return None
        session = found.session
        return self._described(
            "app",
            found.client_id,
            session.sub,
            session.sid,
            found.scope,
            issued_at=found.stamp,
            expires_at=session.deadline,
            user=session.user,
            jti=found.family,
            family=found.family,
            successor=found.successor,
        )

    def _find_refresh(self, token: ChainToken) -> ActiveToken | None:
        reply = self._sessions.with_user(_FIND_REFRESH, token.shard, holder_arguments(token))
        if reply[0] != "active":
            return None
        found = _FIND_REFRESH.read(reply)
        return self._described(
            "refresh",
            found.client,
            found.sub,
            found.sid,
            found.scope,
            issued_at=found.stamp,
            expires_at=found.deadline,
            user=self._sessions.read_user(found.claims),
            jti=found.family,
            family=found.family,
        )

    def _described(
        self,
        kind: Kind,
        client_id: str,
        sub: str,
        sid: str,
        scope: str,
        *,
        issued_at: int,
        expires_at: int,
        user: User | None,
        jti: str,
        family: str,
        audience: tuple[str, ...] | None = None,
        successor: str | None = None,
    ) -> ActiveToken | None:
        """Return a token that the store knows, limited to what its client may do now; None when that is
        nothing.

        Instants are in milliseconds here; `audience` is the one in the token itself.
        """
        client = self._clients.find(client_id)
        if client is None or (user is not None and not may_act_for(client, user, sid)):
            return None
        return ActiveToken(
            kind=kind,
            client_id=client_id,
            sub=sub,
            sid=sid or None,
            scope=client.scopes_of(scope.split()),
            issued_at=issued_at // 1000,
            expires_at=expires_at // 1000,
            user=user,
            audience=audience or client.audience,
            jti=jti,
            family=family or None,
            successor=successor,
        )
