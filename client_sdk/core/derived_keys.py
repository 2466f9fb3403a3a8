"""Keys for the SDK's own cookies and links, one for each purpose."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from client_sdk.core.settings import Settings


def key_for(purpose: str, settings: Settings) -> bytes:
    """Derive the key of one purpose from the site's secret.

    Issuer and client are part of it, so that a cookie of one site is worthless at another, even with the same
    `secret_key`.
    """
    secret = settings.secret_key or settings.client_secret
    label = "\0".join(("client_sdk", "1", purpose, settings.issuer, settings.client_id))
    return hmac.digest(secret.encode(), label.encode(), "sha256")


def derived(key: bytes, label: str, seed: str) -> str:
    """Return 256 bits that only the holder of `key` can derive from `seed`, as 43 URL-safe characters."""
    made = hmac.new(key, f"{label}\0{seed}".encode(), sha256).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()
