"""Login attempts: a signed cookie binds each to the browser that began it.

The cookie holds a random seed; the site's key derives state, nonce and PKCE verifier from it. So reading the
cookie reveals none of them. An attacker who plants an answer in another browser has no cookie there (login
CSRF). Two tabs that sign in at once have a cookie each.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from client_sdk.core.clock import Clock
from client_sdk.core.derived_keys import derived, key_for
from client_sdk.core.errors import LoginFailed
from client_sdk.core.settings import Settings
from client_sdk.core.web.addresses import AttemptCookies
from client_sdk.core.web.messages import Cookie

LIFETIME = 3600
MAX_PENDING = 8
# A browser sends all these cookies with every request, and servers refuse long headers.
MAX_PENDING_BYTES = 6000
STATE_LENGTH = 43
VERSION = 2


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One login under way; `started_at` in milliseconds since 1970.

    `ended_sid` is the session whose end made it necessary, or "".
    """

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str
    ended_sid: str
    started_at: int


class LoginAttempts:
    """Opens and finds attempts; stores nothing on the server."""

    def __init__(self, settings: Settings, clock: Clock, random: Callable[[int], str]) -> None:
        self._key = key_for("attempt", settings)
        self._signer = URLSafeSerializer(
            key_for("attempt cookie", settings),
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
        )
        self._clock = clock
        self._random = random

    def open(
        self, return_to: str, ended_sid: str, cookies: Mapping[str, str], names: AttemptCookies
    ) -> tuple[LoginAttempt, list[Cookie]]:
        """Begin a login; return it with the cookies to set.

        When too many are pending in this browser the oldest are removed.
        """
        seed, started_at = self._random(24), self._clock.wall()
        stored = {
            "v": VERSION,
            "seed": seed,
            "return_to": return_to,
            "ended_sid": ended_sid,
            "started_at": started_at,
        }
        attempt, value = self._attempt(stored), str(self._signer.dumps(stored))
        own = names.cookie(attempt.state, value, LIFETIME)
        return attempt, [own, *self._surplus(cookies, names, len(own.name) + len(value))]

    def find(self, state: str, cookies: Mapping[str, str], names: AttemptCookies) -> LoginAttempt:
        """Return the attempt with this `state`. Raises LoginFailed."""
        attempt = self._read(cookies.get(names.name(state), "")) if len(state) == STATE_LENGTH else None
        if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise LoginFailed("login_unknown_attempt", "This browser has no such login under way.")
        return attempt

    def _attempt(self, stored: Mapping[str, Any]) -> LoginAttempt:
        state, nonce, verifier = (
            derived(self._key, label, stored["seed"]) for label in ("state", "nonce", "verifier")
        )
        return LoginAttempt(
            state, nonce, verifier, stored["return_to"], stored["ended_sid"], stored["started_at"]
        )

    def _read(self, value: str) -> LoginAttempt | None:
        try:
            stored = self._signer.loads(value)
        except BadData:
            return None
        if isinstance(stored, list):
            # The former version stored the same by position.
            stored = dict(zip(("seed", "return_to", "ended_sid", "started_at"), stored, strict=True))
        if not -60_000 <= self._clock.wall() - stored["started_at"] < LIFETIME * 1000:
            return None
        return self._attempt(stored)

    def _surplus(self, cookies: Mapping[str, str], names: AttemptCookies, size: int) -> list[Cookie]:
        pending = {name: value for name, value in cookies.items() if name.startswith(names.prefix)}
        ages = {
            name: attempt.started_at if (attempt := self._read(value)) else 0
            for name, value in pending.items()
        }
        kept, total, surplus = 1, size, []
        for name in sorted(pending, key=lambda name: ages[name], reverse=True):
            kept, total = kept + 1, total + len(name) + len(pending[name])
            if not ages[name] or kept > MAX_PENDING or total > MAX_PENDING_BYTES:
                surplus.append(Cookie.gone(name, is_secure=names.is_secure))
        return surplus
