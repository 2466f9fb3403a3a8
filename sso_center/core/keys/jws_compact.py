"""The compact form of a JWT (RFC 7515 section 3.1)."""

import json
from base64 import urlsafe_b64encode
from typing import Any

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encoded(raw: bytes) -> bytes:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=")


def encoded_json(value: dict[str, Any]) -> bytes:
    """Return base64url of the value's JSON."""
    return encoded(_as_json(value).encode())
