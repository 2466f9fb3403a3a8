"""The tokens in an answer of the center's token endpoint (RFC 6749 section 5.1)."""

from dataclasses import dataclass, field
from typing import Any

DEFAULT_LIFETIME = 300
"""Seconds that an access token is taken to last when the center does not say."""


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """What the center gave for a grant; `expires_in` is the access token's lifetime in seconds."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in: int = 0


def read_tokens(document: dict[str, Any]) -> TokenResponse | None:
    """Return the tokens of an answer, "" for a missing one; None when the answer can't be read."""
    names = ("id_token", "access_token", "refresh_token")
    texts = {name: document.get(name, "") for name in names}
    lifetime = document.get("expires_in", DEFAULT_LIFETIME)
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or not 0 <= lifetime < 2**31:
        return None
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    return TokenResponse(**texts, expires_in=int(lifetime))
