"""A person's tokens as the site keeps them, sealed so that nobody who finds them can read them."""

import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client_sdk.core.derived_keys import key_for
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.token_response import TokenResponse

# With its name it must stay below the 4096 bytes at which browsers drop a cookie silently.
MAX_SEALED = 3800
VERSION = 2
_NONCE = 12


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """Tokens of somebody signed in; `refresh_token` is "" when the center gave none.

    `expires_at` is when the access token ends, in milliseconds of this site's clock; `lifetime` how long it
    was good for when it came, in milliseconds.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int
    lifetime: int

    @classmethod
    def of(cls, tokens: TokenResponse, sent_at: int, former: str = "") -> "StoredTokens":
        """Return what the center gave in answer to a request sent at `sent_at` (ms): it can't end later.

        `former` is the refresh token that goes on where no new one was given.
        """
        lifetime = tokens.expires_in * 1000
        return cls(tokens.access_token, tokens.refresh_token or former, sent_at + lifetime, lifetime)


class TokenSealer:
    """Encrypts tokens (AES-GCM) with a key of their own for each `binding`, made from the site's secret.

    What was sealed for one binding opens for no other, so nobody can combine their session with another's
    tokens.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = key_for("stored tokens", settings)
        # The former version sealed the same by position, with this key; the new form would be an error to it.
        self._former_key = key_for("kept tokens", settings)

    def seal(self, tokens: StoredTokens, binding: str) -> str:
        """Return the tokens as text that fits into a cookie's value."""
        data = json.dumps({"v": VERSION, **asdict(tokens)}, separators=(",", ":")).encode()
        nonce = os.urandom(_NONCE)
        return urlsafe_b64encode(nonce + _cipher(self._key, binding).encrypt(nonce, data, None)).decode()

    def open(self, sealed: str, binding: str) -> StoredTokens | None:
        """Return what was sealed, or None when it was not sealed by this site for this binding."""
        if not sealed or len(sealed) > 4 * MAX_SEALED:
            return None
        try:
            raw = urlsafe_b64decode(sealed.encode("ascii"))
        except (Error, ValueError):
            return None
        stored = _opened(raw, self._key, binding)
        if stored is not None:
            return StoredTokens(**{name: stored[name] for name in StoredTokens.__slots__})
        former = _opened(raw, self._former_key, binding)
        return None if former is None else StoredTokens(*former)


def _opened(raw: bytes, key: bytes, binding: str) -> Any:
    try:
        return json.loads(_cipher(key, binding).decrypt(raw[:_NONCE], raw[_NONCE:], None))
    except (InvalidTag, ValueError):
        return None


def _cipher(key: bytes, binding: str) -> AESGCM:
    return AESGCM(hmac.digest(key, binding.encode(), "sha256"))
