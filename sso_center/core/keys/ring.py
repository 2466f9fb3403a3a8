"""All keys of the center in one process, decrypted: an immutable whole that is swapped at once."""

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sso_center.core.keys.algorithms import ALGORITHMS, PrivateKey, private_key, public_jwk, signature_of
from sso_center.core.keys.jws_compact import encoded, encoded_json
from sso_center.core.keys.master import derived

COOKIE = "cookie"
PURPOSES = (*ALGORITHMS, COOKIE)


class State(StrEnum):
    """The state of a key: published but not signing yet, signing, only verifying."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True)
class StoredKey:
    """A stored key, decrypted. Times are in milliseconds, None when it has not happened."""

    kid: str
    purpose: str
    state: State
    secret: bytes = field(repr=False)
    created_at: int
    activated_at: int | None
    retired_at: int | None


class SigningKey:
    """A key for JWTs, ready for use."""

    def __init__(self, stored: StoredKey) -> None:
        key: PrivateKey = private_key(stored.secret)
        self.stored = stored
        self.algorithm = stored.purpose
        self.public_key = key.public_key()
        self.jwk: dict[str, Any] = public_jwk(self.algorithm, key)
        self._key = key
        self._headers: dict[str, bytes] = {}

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        """Return a signed JWT (RFC 7519) with this key's name in its header."""
        header = self._headers.get(typ)
        if header is None:
            header = encoded_json({"alg": self.algorithm, "kid": self.stored.kid, "typ": typ})
            self._headers[typ] = header
        message = header + b"." + encoded_json(claims)
        signature = signature_of(message, self._key, self.algorithm)
        return (message + b"." + encoded(signature)).decode()


class KeyRing:
    """Every key, by its use."""

    def __init__(self, stored: list[StoredKey]) -> None:
        keys = [SigningKey(one) for one in stored if one.purpose != COOKIE]
        self.signing = {key.algorithm: key for key in keys if key.stored.state == State.ACTIVE}
        self.by_kid = {key.stored.kid: key for key in keys}
        self._cookie_keys = sorted((one for one in stored if one.purpose == COOKIE), key=_signs_last)
        self._cookie_secrets: dict[str, list[str]] = {}

    def jwks(self, retired_after: int) -> list[dict[str, Any]]:
        """Return the public halves of all but the keys that were retired before that moment (ms)."""
        return [
            key.jwk
            for key in self.by_kid.values()
            if key.stored.retired_at is None or key.stored.retired_at >= retired_after
        ]

    def cookie_secrets(self, name: str) -> list[str]:
        """Return a secret of every cookie key for this name; the last one signs."""
        found = self._cookie_secrets.get(name)
        if found is None:
            found = [
                base64.urlsafe_b64encode(derived(one.secret, f"cookie {name}")).decode()
                for one in self._cookie_keys
            ]
            self._cookie_secrets[name] = found
        return found


def _signs_last(key: StoredKey) -> tuple[int, int]:
    # The next key is among those that verify, so that a process that missed a rotation knows it already.
    return (key.state == State.ACTIVE, key.created_at)
