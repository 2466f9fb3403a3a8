"""The room's front: sign, verify, publish and rotate the center's keys."""

import secrets
import threading
from typing import Any

import jwt

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid
from sso_center.base.settings import Settings
from sso_center.core.audit.change import Also, Change, nothing_else
from sso_center.core.keys.algorithms import make_private_key, private_bytes, public_jwk
from sso_center.core.keys.master import KeyEncryption
from sso_center.core.keys.ring import COOKIE, PURPOSES, KeyRing, State, StoredKey
from sso_center.core.keys.store import add_key, forget_keys, move_key, read_keys
from sso_center.storage.configuration import raise_configuration_version
from sso_center.storage.redis import Redis
from sso_center.storage.sql import Database

DAY = 86_400_000
KEPT_AFTER_RETIREMENT = 400 * DAY
"""Milliseconds that a retired key still verifies here: cookies, and ID tokens used as hints at a logout."""


class Keys:
    """Signs and verifies with the center's own keys. Thread-safe; a change replaces the whole at once."""

    def __init__(
        self, database: Database, redis: Redis, secret: str, clock: Clock, settings: Settings
    ) -> None:
        self._database = database
        self._redis = redis
        self._encryption = KeyEncryption(secret)
        self._clock = clock
        self._published = 1000 * _published_for(settings)
        self._ring: KeyRing | None = None
        self._loading = threading.Lock()

    # -- using them

    def sign(self, claims: dict[str, Any], alg: str, typ: str = "JWT") -> str:
        """Return `claims` as a JWT signed with the active key of `alg` (RS256, ES256 or EdDSA)."""
        return self._keys().signing[alg].sign(claims, typ)

    def jwks(self) -> list[dict[str, Any]]:
        """Return the published keys (RFC 7517): next, active, and retired ones whose tokens may be valid."""
        return self._keys().jwks(self._clock() - self._published)

    def verify(
        self, token: str, *, audience: str | None, typ: str = "JWT", allow_expired: bool = False
    ) -> dict[str, Any] | None:
        """Return the claims of a JWT that we signed, or None when we did not, or it is no longer valid.

        `audience` None accepts any; `typ` separates the kinds of tokens.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys().by_kid.get(header.get("kid", ""))
            if key is None or header.get("typ") != typ:
                return None
            # Times are compared below, by our own clock.
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public_key,
                algorithms=[key.algorithm],
                audience=audience,
                options=_options(audience),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError):
            return None
        expires = claims.get("exp")
        if not isinstance(expires, int) or (not allow_expired and self._clock() >= expires * 1000):
            return None
        return claims

    def cookie_secrets(self, name: str) -> list[str]:
        """Return the secrets for cookies called `name`, as itsdangerous takes them: the last one signs."""
        return self._keys().cookie_secrets(name)

    def stored(self) -> list[StoredKey]:
        """Return all keys as they are stored now, for display. Raises Unavailable."""
        with self._database.read() as connection:
            return read_keys(connection, self._encryption)

    # -- their life

    def ensure(self) -> None:
        """Create the missing keys, at the first start all of them, and load them.

        Raises SettingsError when the stored keys were encrypted under another secret, Unavailable.
        """
        missing = _missing(self.stored())
        if missing:
            made = [_new_key(purpose, state, self._clock()) for purpose, state in missing]
            with self._database.write() as connection:
                # Processes that start together: the lock lets one create the keys, the others find them.
                Database.lock_journal(connection)
                still_missing = _missing(read_keys(connection, self._encryption))
                for key in made:
                    if (key.purpose, key.state) in still_missing:
                        add_key(connection, self._encryption, key)
        self.reload()

    def reload(self) -> None:
        """Reload the keys. Raises Unavailable."""
        with self._loading, self._database.read() as connection:
            self._ring = KeyRing(read_keys(connection, self._encryption))

    def rotate(self, purpose: str | None = None, *, also: Also[str] = nothing_else) -> None:
        """Let the next key sign, keep the active one for verifying, and create a new next one.

        For one purpose (RS256, ES256, EdDSA, cookie) or for all. Raises Invalid, Unavailable.
        """
        if purpose is not None and purpose not in PURPOSES:
            raise Invalid(f"{purpose!r} is not one of {', '.join(PURPOSES)}.", field="purpose")
        now = self._clock()
        made = [_new_key(one, State.NEXT, now) for one in ((purpose,) if purpose else PURPOSES)]
        with self._database.write() as connection:
            Database.lock_journal(connection)
            stored = read_keys(connection, self._encryption)
            for fresh in made:
                self._succeed(connection, [key for key in stored if key.purpose == fresh.purpose], now)
                add_key(connection, self._encryption, fresh)
            forget_keys(connection, now - KEPT_AFTER_RETIREMENT)
            also(connection, Change(now, None, purpose or "all"))
            version = raise_configuration_version(connection)
        self.reload()
        self._redis.announce_configuration(version)

    def due(self, age: int) -> list[str]:
        """Return the purposes whose active key has signed for `age` milliseconds. Raises Unavailable."""
        before = self._clock() - age
        return [
            key.purpose
            for key in self.stored()
            if key.state == State.ACTIVE and (key.activated_at or key.created_at) <= before
        ]

    @staticmethod
    def _succeed(connection: Any, family: list[StoredKey], now: int) -> None:
        for key in family:
            if key.state == State.ACTIVE:
                move_key(connection, key, State.RETIRED, now)
            elif key.state == State.NEXT:
                move_key(connection, key, State.ACTIVE, now)

    def _keys(self) -> KeyRing:
        if self._ring is None:
            self.reload()
        assert self._ring is not None
        return self._ring


def _missing(stored: list[StoredKey]) -> list[tuple[str, State]]:
    there = {(key.purpose, key.state) for key in stored}
    wanted = [(purpose, state) for purpose in PURPOSES for state in (State.ACTIVE, State.NEXT)]
    return [pair for pair in wanted if pair not in there]


def _new_key(purpose: str, state: State, now: int) -> StoredKey:
    if purpose == COOKIE:
        kid, secret = secrets.token_hex(16), secrets.token_bytes(32)
    else:
        key = make_private_key(purpose)
        kid, secret = public_jwk(purpose, key)["kid"], private_bytes(key)
    activated_at = now if state == State.ACTIVE else None
    return StoredKey(kid, purpose, state, secret, now, activated_at, None)


def _published_for(settings: Settings) -> int:
    """Return for how many seconds a retired key stays published: longer than any token it signed lives."""
    return 2 * max(settings.id_token_lifetime, settings.access_token_lifetime) + 3600


def _options(audience: str | None) -> Any:
    return {
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": audience is not None,
    }
