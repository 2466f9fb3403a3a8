"""Issue grants, and redeem those that give no token."""

import json
from dataclasses import dataclass, field

from sso_center.base.clock import Clock
from sso_center.base.errors import SSOError
from sso_center.base.secrets import hashed, new_secret, shard_in
from sso_center.core.audit import AUDIT_PART
from sso_center.core.sessions import SESSION_PARTS, Session, Sessions, Visit
from sso_center.storage.scripts import load_script

GRANT_PARTS = (*SESSION_PARTS, AUDIT_PART, "sso_center.core.grants/grant.lua")
"""What every script composes that issues a grant or redeems one."""

_ISSUE = load_script(__package__, *GRANT_PARTS, "issue.lua")
_VALIDATE = load_script(__package__, *GRANT_PARTS, "validate.lua")

MAX_CODE = 200
"""Characters of a grant, at most."""


@dataclass(frozen=True)
class GrantRequest:
    """A client's request for a grant, already checked against its registration.

    `max_age` (seconds) and `authenticated_after` (ms since 1970) require a login that recent, `must_login`
    requires one in any case, `needs_consent` requires the person's consent to `scope`. `address` and
    `user_agent` are the browser's, for the session's latest steps. `handle` is the protocol's own name of the
    session at the client, where it has one.
    """

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    nonce: str | None = None
    code_challenge: str | None = None
    max_age: int | None = None
    must_login: bool = False
    authenticated_after: int | None = None
    needs_consent: bool = False
    address: str = ""
    user_agent: str = ""
    handle: str = ""


@dataclass(frozen=True)
class Issued:
    """The code, or None when a login or the person's consent is needed first; and the visit of the browser's
    cookie.
    """

    code: str | None = field(repr=False)
    visit: Visit
    needs_consent: bool = False


@dataclass(frozen=True)
class Validated:
    """The session in which a grant was issued, and what was granted."""

    session: Session
    scope: tuple[str, ...]


class GrantRefused(SSOError):
    """A grant can't be redeemed; `reason` is for the log, the client gets only `invalid_grant`."""

    def __init__(self, reason: str) -> None:
        super().__init__("The code is not valid (any more).", detail=reason)
        self.reason = reason


class Replayed(GrantRefused):
    """The right client presented a redeemed grant again: what it gave must end (RFC 9700, 4.5).

    That is the session `sid` when the grant opened one for an app, else the `family`; of a grant that was
    validated, which has no family, the client's part in the session `sid`.
    """

    def __init__(self, family: str, sub: str, sid: str | None) -> None:
        super().__init__("replayed")
        self.family = family
        self.sub = sub
        self.sid = sid


class Grants:
    """Issues one-time grants.

    `life` and `kept` are in seconds: a redeemed grant's record is kept that long.
    """

    def __init__(self, sessions: Sessions, clock: Clock, *, life: int, kept: int) -> None:
        self._sessions = sessions
        self._clock = clock
        self._life = life
        self._kept = kept

    def issue(self, cookie: str | None, request: GrantRequest, *, code_hash: str | None = None) -> Issued:
        """Visit the cookie's session and issue a grant for `request`, in one round trip.

        `code_hash` is that of a code which the client has already: then it is not told one here, only ''.
        Raises Unavailable when the store can't be asked.
        """
        if request.must_login or not cookie:
            return Issued(None, self._sessions.visit(cookie))
        # A secret of the session's shard: code and session must be in the same shard.
        code = new_secret(shard_in(cookie) or "00") if code_hash is None else ""
        # What an older center reads of it; can go one release later.
        about = json.dumps((request.scope, request.nonce), separators=(",", ":"))
        visit, word = self._sessions.visit_with(
            _ISSUE,
            cookie,
            {
                "code": code_hash or hashed(code),
                "client": request.client_id,
                "redirect_uri": request.redirect_uri,
                "challenge": request.code_challenge or "",
                "about": about,
                "life": self._life * 1000,
                "kept": self._kept * 1000,
                "login_after": self._login_after(request),
                "scope": " ".join(request.scope),
                "needs_consent": int(request.needs_consent),
                "address": request.address,
                "user_agent": request.user_agent,
                "client_nonce": request.nonce or "",
                "handle": request.handle,
            },
        )
        return Issued(code if word == "issued" else None, visit, word == "consent_needed")

    def validate(self, code: str, *, client_id: str, redirect_uri: str, handle: str = "") -> Validated:
        """Redeem a grant, once, for who it is of and nothing else.

        `handle` is what the client's protocol calls the session from here on: CAS the ticket itself, which
        may be stored now that it is worth nothing. Raises GrantRefused, Unavailable, and Replayed when its
        client, which is still in the session, validated it before.
        """
        shard = shard_in(code)
        if shard is None or len(code) > MAX_CODE:
            raise GrantRefused("malformed")
        given = {"code": hashed(code), "client": client_id, "redirect_uri": redirect_uri, "handle": handle}
        reply = self._sessions.with_user(_VALIDATE, shard, given)
        if reply[0] == "replayed":
            replayed = _VALIDATE.read(reply)
            raise Replayed("", replayed.sub, replayed.sid)
        if reply[0] != "validated":
            raise GrantRefused(reply[1] or reply[0])
        validated = _VALIDATE.read(reply)
        return Validated(self._sessions.read_session(validated.login), tuple(validated.scope.split()))

    def _login_after(self, request: GrantRequest) -> int:
        after = request.authenticated_after or 0
        if request.max_age is not None:
            after = max(after, self._clock() - request.max_age * 1000)
        return after
