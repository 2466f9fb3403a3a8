"""A person's tokens as the site stores them: sealed, so that a thief can't read them."""

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

# Browsers silently drop a cookie of more than 4096 bytes with its name.
MAX_SEALED = 3800
VERSION = 2
_NONCE = 12


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """Tokens of somebody signed in; `refresh_token` is "" when the center gave none.

    `expires_at` is when the access token expires, in milliseconds of this site's clock; `lifetime` is its
    whole lifetime in milliseconds.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: int
    lifetime: int

    @classmethod
    def of(cls, tokens: TokenResponse, sent_at: int, former: str = "") -> "StoredTokens":
        """Return the tokens of an answer to a request sent at `sent_at` (ms), from which they count.

        `former` is the refresh token that stays in use when the center gave no new one.
        """
        lifetime = tokens.expires_in * 1000
        return cls(tokens.access_token, tokens.refresh_token or former, sent_at + lifetime, lifetime)


class TokenSealer:
    """Encrypts tokens (AES-GCM) with a key for each `binding`, derived from the site's secret.

    Tokens sealed for one binding can't be opened for another, so nobody can combine their session with
    another person's tokens.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = key_for("stored tokens", settings)
        # The former version sealed the same by position, with this key; the new form would be an error to it.
        self._former_key = key_for("kept tokens", settings)

    def seal(self, tokens: StoredTokens, binding: str) -> str:
        """Return the sealed tokens as text for a cookie's value."""
        data = json.dumps({"v": VERSION, **asdict(tokens)}, separators=(",", ":")).encode()
        nonce = os.urandom(_NONCE)
        return urlsafe_b64encode(nonce + _cipher(self._key, binding).encrypt(nonce, data, None)).decode()

    def open(self, sealed: str, binding: str) -> StoredTokens | None:
        """Return the tokens, or None when this site did not seal them for this binding."""
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
