"""Local sessions in a signed cookie: every process can read them, and no server stores them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from client_sdk.core.derived_keys import key_for
from client_sdk.core.errors import LoginFailed
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.settings import Settings
from client_sdk.core.threads.lru import LRU

# Browsers silently drop a cookie of more than 4096 bytes with its name. The person would then be sent to the
# center and back without end.
MAX_VALUE = 3800
REMEMBERED = 2048
REMEMBERED_TOKENS = 10_000
NEEDED = ("sub", "name", "preferred_username", "email", "roles")
"""Claims that a session is not opened without."""

log = logging.getLogger("client_sdk")


class CookieSessions:
    """Signs sessions into cookies and reads them back; remembers those it has verified.

    Only the good signature of a value is remembered. Whether the session counts is decided again at every
    request.
    """

    def __init__(self, settings: Settings) -> None:
        self._signer = URLSafeSerializer(
            key_for("session cookie", settings),
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )
        self._verified: LRU[str, LocalSession] = LRU(REMEMBERED)
        self._tokens: LRU[str, bool] = LRU(REMEMBERED_TOKENS)

    def open(self, session: LocalSession, proved_at: int) -> str:
        """Return the cookie's value, without what does not fit: the hint for signing out, then other claims.

        Raises LoginFailed when the roles alone are too many.
        """
        for candidate in _ever_smaller(session):
            value = str(self._signer.dumps(candidate.to_json()))
            if len(value) <= MAX_VALUE:
                self._verified.put(value, candidate)
                _warn_of_lost_claims(session.user, candidate.user)
                return value
        raise LoginFailed(
            "login_session_too_large",
            "What the center says of this person does not fit in a cookie; keep sessions in Redis.",
            expected=MAX_VALUE,
            actual=len(value),
        )

    def find(self, value: str) -> LocalSession | None:
        """Return the session of a value that this site signed."""
        return self._verified.get(value) or self._read(value)

    def _read(self, value: str) -> LocalSession | None:
        if len(value) > MAX_VALUE:
            return None
        try:
            session = LocalSession.from_json(self._signer.loads(value))
        except BadData:
            return None
        if session is not None:
            self._verified.put(value, session)
        return session

    def drop(self, value: str) -> None:
        """Stop remembering a value; a copy of the cookie elsewhere stays good until the session ends."""
        self._verified.pop(value)

    def binding(self, session: LocalSession, value: str) -> str:
        """Return the sid, so that tokens stay readable when the same global session signs in again."""
        return session.user.sid

    def read_tokens(self, value: str, cookie: str) -> str:
        """Return what the browser sent."""
        return cookie

    def write_tokens(self, value: str, sealed: str, former: str) -> str | None:
        """Return what the browser is to keep. Raises ValueError."""
        if len(sealed) > MAX_VALUE:
            raise ValueError(f"{len(sealed)} bytes do not fit in a cookie")
        return sealed

    def end(self, sid: str, at: int) -> None:
        """Do nothing: no server stores the session, and the view has the ending."""

    def end_user(self, sub: str, cut_off: int) -> None:
        """Do nothing: no server stores the session, and the view has the ending."""

    def is_first(self, jti: str, lifetime: int) -> bool:
        """Say, once in this process, that a logout token's id is new."""
        return self._tokens.put_new(jti, True)


def _ever_smaller(session: LocalSession) -> Iterator[LocalSession]:
    """Return the session, then without the hint, then without ever more claims, the largest first."""
    yield session
    session = replace(session, id_token="")
    yield session
    claims = dict(session.user.claims)
    for name in sorted(claims.keys() - set(NEEDED), key=lambda name: -len(json.dumps(claims[name]))):
        del claims[name]
        yield replace(session, user=replace(session.user, claims=dict(claims)))


def _warn_of_lost_claims(user: User, stored: User) -> None:
    lost = ", ".join(sorted(user.claims.keys() - stored.claims.keys()))
    if lost:
        log.warning("claims that do not fit in a cookie were left out: %s; keep sessions in Redis", lost)
