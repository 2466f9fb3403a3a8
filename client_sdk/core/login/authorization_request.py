"""Sending somebody to the center to sign in (OIDC Core 3.1.2.1, RFC 7636)."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

from client_sdk.core.http.discovery import Metadata
from client_sdk.core.login.attempts import LoginAttempt
from client_sdk.core.settings import Settings


def build_address(metadata: Metadata, settings: Settings, attempt: LoginAttempt, redirect_uri: str) -> str:
    """Return the address to send the browser to."""
    parameters = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": settings.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge_of(attempt.verifier),
        "code_challenge_method": "S256",
    }
    return with_query(metadata.authorization_endpoint, parameters)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def with_query(address: str, parameters: dict[str, str]) -> str:
    """Return `address` with `parameters` appended to its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
