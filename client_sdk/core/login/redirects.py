"""The addresses at the center that a browser is sent to, to sign in and to sign out."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

from client_sdk.core.http.discovery import Metadata
from client_sdk.core.login.attempts import LoginAttempt
from client_sdk.core.settings import Settings


def authorization_address(
    metadata: Metadata, settings: Settings, attempt: LoginAttempt, redirect_uri: str
) -> str:
    """Return the address that signs somebody in (OIDC Core 3.1.2.1, RFC 7636)."""
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


def end_session_address(metadata: Metadata, settings: Settings, id_token: str, return_uri: str) -> str | None:
    """Return the address that signs out (OIDC RP-Initiated Logout 1.0); None when the center offers none.

    With the hint `id_token` the center signs the person out without asking; with "" it asks.
    """
    if metadata.end_session_endpoint is None:
        return None
    parameters = {"client_id": settings.client_id, "post_logout_redirect_uri": return_uri}
    if id_token:
        parameters["id_token_hint"] = id_token
    return with_query(metadata.end_session_endpoint, parameters)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a code verifier (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def with_query(address: str, parameters: dict[str, str]) -> str:
    """Return `address` with `parameters` appended to its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
