"""Redeeming a grant: once, for the client it was issued to."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.secrets import hashed, new_id, shard_in
from sso_center.core.audit import AUDIT_PART
from sso_center.core.chains.token import ChainSigner, ChainToken, new_chain_token, presented_arguments
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.sessions import MAX_USER_AGENT, OPENING_PARTS, Session, Sessions
from sso_center.core.tokens.access import AccessTokenClaims, AccessTokens, left_of
from sso_center.core.tokens.records import Authentication, Redeemed
from sso_center.storage.scripts import load_script

FAMILY_PARTS = (*OPENING_PARTS, AUDIT_PART, "sso_center.core.tokens/family.lua")
"""What every script composes that deals with what came of a grant."""

_REDEEM = load_script(__package__, *FAMILY_PARTS, "app.lua", "redeem.lua")

MAX_CODE = 200

FIRST = "0"
"""The number, within its family, of the access token that the grant itself gave."""


@dataclass(frozen=True)
class TokenLifetimes:
    """How long tokens live, and how old an app token gets before its successor is told, in seconds."""

    access: int
    app: int
    app_rotation: int


class Redeemer:
    """Redeems grants. `refresh_signer` and `app_signer` are asked for with each use: their keys rotate."""

    def __init__(
        self,
        sessions: Sessions,
        access: AccessTokens,
        refresh_signer: Callable[[], ChainSigner],
        app_signer: Callable[[], ChainSigner],
        lifetimes: TokenLifetimes,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._refresh_signer = refresh_signer
        self._app_signer = app_signer
        self._lifetimes = lifetimes
        self._clock = clock

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
    ) -> Redeemed:
        """Redeem a grant for its client, once.

        `device_id` is what an app calls the device it runs on: an earlier login there ends. `address` and
        `user_agent` are the app's own.
        Raises GrantRefused when it can't be, and Replayed when the right client did so before.
        """
        shard = shard_in(code)
        if shard is None or len(code) > MAX_CODE:
            raise GrantRefused("malformed")
        is_app, code_hash = client.has_app_tokens, hashed(code)
        family = family_of(shard, code_hash)
        chain = new_chain_token(shard) if is_app or client.may_refresh else None
        opaque, opaque_hash = ("", "") if is_app else self._access.candidate(client, shard)
        reply = self._sessions.with_user(
            _REDEEM,
            shard,
            (
                code_hash,
                client.client_id,
                redirect_uri or "-",
                challenge_of(code_verifier),
                opaque_hash,
                self._lifetimes.access * 1000,
                family,
                client.access_token_format,
                *self._chain_arguments(client, chain),
                *(self._app_arguments(shard, device_id, address, user_agent) if is_app else ()),
            ),
        )
        if reply[0] == "replayed":
            raise Replayed(family, reply[1], reply[2] or None)
        if reply[0] != "redeemed":
            raise GrantRefused(reply[1] or reply[0])
        return self._redeemed(client, chain, family, opaque, reply)

    def _redeemed(
        self, client: Client, chain: ChainToken | None, family: str, opaque: str, reply: Sequence[Any]
    ) -> Redeemed:
        _, granted, nonce, stamp, deadline, app_sid, ended, *login = reply
        session, scope = self._sessions.read_session(login), granted.split()
        authentication = Authentication(session.auth_time, session.acr, session.amr, app_sid or session.sid)
        access_token, refresh_token = opaque, None
        if chain is not None and client.has_app_tokens:
            access_token = self._app_signer().dumps(chain)
        elif chain is not None:
            refresh_token = self._refresh_signer().dumps(chain)
        if not access_token:
            issue = _first_issue(client, session, scope, int(stamp), int(deadline), family)
            access_token = self._access.signed(issue, session.user, authentication)
        return Redeemed(
            access_token=access_token,
            expires_in=left_of(int(deadline), self._clock()),
            scope=tuple(scope),
            nonce=nonce or None,
            user=session.user,
            authentication=authentication,
            refresh_token=refresh_token,
            ended=tuple(ended),
            stamp=int(stamp),
        )

    def _chain_arguments(self, client: Client, chain: ChainToken | None) -> tuple[str | int, ...]:
        if chain is None:
            return ("", "", "", "", 0, 0, 0)
        is_app = client.has_app_tokens
        life = self._lifetimes.app if is_app else client.refresh_token_lifetime
        return (
            chain.chain_id,
            *presented_arguments(chain),
            life * 1000,
            client.refresh_retry_window * 1000,
            int(client.is_strict),
        )

    def _app_arguments(
        self, shard: str, device_id: str | None, address: str, user_agent: str
    ) -> tuple[str | int, ...]:
        return (
            new_id(shard),
            hashed(device_id) if device_id else "",
            *self._sessions.limit_arguments(),
            address,
            user_agent[:MAX_USER_AGENT],
        )


def _first_issue(
    client: Client, session: Session, scope: list[str], stamp: int, deadline: int, family: str
) -> AccessTokenClaims:
    epoch = session.user.access_epoch
    return AccessTokenClaims(
        client, session.sub, session.sid, " ".join(scope), stamp, deadline, epoch, family, FIRST
    )


def challenge_of(code_verifier: str | None) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636 section 4.2), '' when there is none."""
    if not code_verifier:
        return ""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def family_of(shard: str, code_hash: str) -> str:
    """Return the public name of all that came of one grant."""
    return shard + code_hash[:32]
