"""Redeem grants for tokens, and find out whether a token is active."""

import base64
import hashlib
import json
from dataclasses import dataclass

from sso_center.base.secrets import hashed, new_secret, shard_in
from sso_center.core.clients import Clients
from sso_center.core.grants import GRANT_PARTS, GrantRefused, Replayed
from sso_center.core.sessions import Session, Sessions, read_claims, read_session
from sso_center.core.users import User
from sso_center.storage.scripts import load_script

_REDEEM = load_script(__package__, *GRANT_PARTS, "redeem.lua")
_FIND_ACTIVE = load_script(__package__, *GRANT_PARTS, "find_active.lua")

MAX_SECRET = 200


@dataclass(frozen=True)
class Redeemed:
    """What a grant gave. `expires_in` is in seconds; `nonce` is the client's, for the ID token."""

    access_token: str
    expires_in: int
    scope: tuple[str, ...]
    nonce: str | None
    session: Session


@dataclass(frozen=True)
class ActiveToken:
    """A token that counts right now. `issued_at` and `expires_at` are seconds since 1970."""

    client_id: str
    sub: str
    sid: str
    scope: tuple[str, ...]
    issued_at: int
    expires_at: int
    user: User


class Tokens:
    """Opaque access tokens. `life` is in seconds."""

    def __init__(self, sessions: Sessions, clients: Clients, *, life: int) -> None:
        self._sessions = sessions
        self._clients = clients
        self._life = life

    def redeem(
        self, code: str, *, client_id: str, redirect_uri: str | None, code_verifier: str | None
    ) -> Redeemed:
        """Redeem a grant for its client, once.

        Raises GrantRefused when it can't be, and Replayed when the right client did so before.
        """
        shard = shard_in(code)
        if shard is None or len(code) > MAX_SECRET:
            raise GrantRefused("malformed")
        access_token, code_hash = new_secret(shard), hashed(code)
        family = family_of(shard, code_hash)
        reply = self._sessions.with_user(
            _REDEEM,
            shard,
            (
                code_hash,
                client_id,
                redirect_uri or "-",
                challenge_of(code_verifier),
                hashed(access_token),
                self._life * 1000,
                family,
            ),
        )
        if reply[0] == "replayed":
            raise Replayed(family, reply[1])
        if reply[0] != "redeemed":
            raise GrantRefused(reply[1] or reply[0])
        scope, nonce = json.loads(reply[1])
        return Redeemed(access_token, self._life, tuple(scope), nonce, read_session(reply[2:]))

    def find_active(self, token: str) -> ActiveToken | None:
        """Return what an access token stands for, or None when it does not count (any more).

        Raises Unavailable when the store can't be asked: nobody is let in on a guess.
        """
        shard = shard_in(token)
        if shard is None or len(token) > MAX_SECRET:
            return None
        reply = self._sessions.with_user(_FIND_ACTIVE, shard, (hashed(token),))
        if reply[0] != "active":
            return None
        _, client_id, sid, about, stamp, deadline, claims, sub = reply
        if self._clients.find(client_id) is None:
            return None
        return ActiveToken(
            client_id=client_id,
            sub=sub,
            sid=sid,
            scope=tuple(json.loads(about)[0]),
            issued_at=int(stamp) // 1000,
            expires_at=int(deadline) // 1000,
            user=read_claims(claims),
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
