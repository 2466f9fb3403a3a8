"""What is done with an app token: it is made when a grant is redeemed, and found when it is presented."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sso_center.base.secrets import hashed, new_id
from sso_center.core.chains.token import (
    ChainSigner,
    ChainToken,
    beginning_arguments,
    new_chain_token,
    presented_arguments,
)
from sso_center.core.clients import Client, Clients
from sso_center.core.sessions import MAX_USER_AGENT, Session, Sessions
from sso_center.core.tokens.parts import FAMILY_PARTS, REDEMPTION_PARTS
from sso_center.core.tokens.records import ReusedApp
from sso_center.storage.scripts import load_script

_REDEEM = load_script(__package__, *REDEMPTION_PARTS, "earlier_sessions.lua", "redeem_app.lua")
_FIND = load_script(__package__, *FAMILY_PARTS, "find_app.lua")


@dataclass(frozen=True)
class FoundApp:
    """A living app token: its session, and its successor when the caller passes that on."""

    client_id: str
    session: Session
    scope: str
    stamp: int
    family: str
    successor: str | None = field(repr=False)


class AppTokens:
    """Makes and finds app tokens. `signer` is called for each use; `life` and `rotation` are in seconds."""

    def __init__(
        self,
        sessions: Sessions,
        clients: Clients,
        signer: Callable[[], ChainSigner],
        *,
        life: int,
        rotation: int,
    ) -> None:
        self._sessions = sessions
        self._clients = clients
        self._signer = signer
        self._life = life * 1000
        self._rotation = rotation * 1000

    def read(self, token: str) -> ChainToken | None:
        """Return an app token by its parts, or None when it is none of ours; asks no store."""
        return self._signer().loads(token)

    def redeem(
        self,
        client: Client,
        shard: str,
        presented: Mapping[str, str],
        *,
        device_id: str | None,
        address: str,
        user_agent: str,
    ) -> tuple[Sequence[Any], str]:
        """Redeem a grant for an app; return the script's reply, and the token that it made good."""
        chain = new_chain_token(shard)
        reply = self._sessions.with_user(
            _REDEEM,
            shard,
            {
                **presented,
                **beginning_arguments(chain),
                "life": self._life,
                "is_strict": int(client.is_strict),
                "sid": new_id(shard),
                "device": hashed(device_id) if device_id else "",
                **self._sessions.limit_arguments(),
                "address": address,
                "user_agent": user_agent[:MAX_USER_AGENT],
            },
        )
        return reply, self._signer().dumps(chain)

    def find(self, token: ChainToken, asker: Client | None) -> FoundApp | None:
        """Return what a token opens, or None when it does not count. Raises ReusedApp when it is copied."""
        reply = self._sessions.with_user(
            _FIND,
            token.shard,
            {
                **presented_arguments(token),
                "interval": self._rotation,
                "handed_on": self._handed_on_by(asker),
                "caller": asker.client_id if asker else "",
            },
        )
        if reply[0] == "reuse":
            _, _, sid, *_ = reply
            raise ReusedApp(sid)
        if reply[0] != "alive":
            return None
        found = _FIND.read(reply)
        successor = self._signer().dumps(token.successor(found.nonce)) if found.nonce else None
        return FoundApp(
            found.client,
            self._sessions.read_session(found.session),
            found.scope,
            found.stamp,
            found.family,
            successor,
        )

    def _handed_on_by(self, asker: Client | None) -> str:
        """Return the clients whose app tokens are presented to `asker`, as find_app.lua reads them."""
        if asker is None:
            return ""
        if asker.may_introspect:
            return "*"
        own = (asker.client_id,) if asker.client_id in asker.audience else ()
        return f" {' '.join((*self._clients.clients_with_audience(asker.client_id), *own))} "
