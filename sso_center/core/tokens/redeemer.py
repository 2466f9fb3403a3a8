"""Redeem a grant: once, for the client it was issued to."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.secrets import hashed, shard_in
from sso_center.core.chains.token import ChainSigner, beginning_arguments, new_chain_token
from sso_center.core.clients import Client
from sso_center.core.grants import MAX_CODE, GrantRefused, Replayed
from sso_center.core.sessions import Session, Sessions
from sso_center.core.tokens.access import AccessTokenClaims, AccessTokens, left_of
from sso_center.core.tokens.app import AppTokens
from sso_center.core.tokens.parts import REDEMPTION_PARTS
from sso_center.core.tokens.records import Authentication, Redeemed
from sso_center.storage.scripts import load_script

_REDEEM = load_script(__package__, *REDEMPTION_PARTS, "redeem.lua")
_NO_CHAIN = dict.fromkeys(("chain_id", "secret", "nonce", "successor"), "")

FIRST = "0"
"""The number, within its family, of the access token that the grant itself gave."""


@dataclass(frozen=True)
class TokenLifetimes:
    """How long tokens live, and after how long an app token gets its successor, in seconds."""

    access: int
    app: int
    app_rotation: int


class Redeemer:
    """Redeems grants. `refresh_signer` is called for each use: its keys rotate."""

    def __init__(
        self,
        sessions: Sessions,
        access: AccessTokens,
        refresh_signer: Callable[[], ChainSigner],
        app: AppTokens,
        lifetimes: TokenLifetimes,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._refresh_signer = refresh_signer
        self._app = app
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
        shard: str | None = None,
    ) -> Redeemed:
        """Redeem a grant for its client, once.

        `device_id` is what an app calls the device it runs on: an earlier login there ends. `address` and
        `user_agent` are the app's own. `shard` is where the grant stands when its code does not say so: see
        grants/pending.py. Raises GrantRefused when it can't be redeemed, Replayed when the right client
        redeemed it before.
        """
        shard = shard or shard_in(code)
        if shard is None or len(code) > MAX_CODE:
            raise GrantRefused("malformed")
        code_hash = hashed(code)
        presented = {
            "code": code_hash,
            "client": client.client_id,
            "redirect_uri": redirect_uri or "-",
            "challenge": challenge_of(code_verifier),
            "family_id": family_of(shard, code_hash),
        }
        if client.has_app_tokens:
            reply, token = self._app.redeem(
                client, shard, presented, device_id=device_id, address=address, user_agent=user_agent
            )
            redeemed = _read_redeemed(reply, presented["family_id"])
            return self._redeemed(client, redeemed, presented["family_id"], token, None)
        return self._redeem(client, shard, presented)

    def _redeem(self, client: Client, shard: str, presented: Mapping[str, str]) -> Redeemed:
        chain = new_chain_token(shard) if client.may_refresh else None
        opaque, opaque_hash = self._access.candidate(client, shard)
        reply = self._sessions.with_user(
            _REDEEM,
            shard,
            {
                **presented,
                "hash": opaque_hash,
                "life": self._lifetimes.access * 1000,
                "format": client.access_token_format,
                **(beginning_arguments(chain) if chain else _NO_CHAIN),
                "chain_life": client.refresh_token_lifetime * 1000,
                "retry": client.refresh_retry_window * 1000,
                "is_strict": int(client.is_strict),
            },
        )
        redeemed = _read_redeemed(reply, presented["family_id"])
        refresh_token = self._refresh_signer().dumps(chain) if chain else None
        return self._redeemed(client, redeemed, presented["family_id"], opaque, refresh_token)

    def _redeemed(
        self, client: Client, redeemed: Any, family: str, access_token: str, refresh_token: str | None
    ) -> Redeemed:
        session, scope = self._sessions.read_session(redeemed.login), redeemed.scope.split()
        authentication = Authentication(
            session.auth_time, session.acr, session.amr, redeemed.app_sid or session.sid
        )
        if not access_token:
            issue = _first_issue(client, session, scope, redeemed.stamp, redeemed.deadline, family)
            access_token = self._access.signed(issue, session.user, authentication)
        return Redeemed(
            access_token=access_token,
            expires_in=left_of(redeemed.deadline, self._clock()),
            scope=tuple(scope),
            nonce=redeemed.nonce or None,
            user=session.user,
            authentication=authentication,
            refresh_token=refresh_token,
            ended=tuple(redeemed.closed),
            stamp=redeemed.stamp,
        )


def _read_redeemed(reply: Sequence[Any], family: str) -> Any:
    """Return the reply to a redemption by name. Raises GrantRefused and Replayed."""
    if reply[0] == "replayed":
        replayed = _REDEEM.read(reply)
        raise Replayed(family, replayed.sub, replayed.gave or None)
    if reply[0] != "redeemed":
        raise GrantRefused(reply[1] or reply[0])
    return _REDEEM.read(reply)


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
    """Return the public name of the family of one grant."""
    return shard + code_hash[:32]
