"""Signing out everywhere: the address at the center (OIDC RP-Initiated Logout 1.0)."""

from client_sdk.core.http.discovery import Metadata
from client_sdk.core.login.authorization_request import with_query
from client_sdk.core.settings import Settings


def build_address(metadata: Metadata, settings: Settings, id_token: str, return_uri: str) -> str | None:
    """Return the address to send the browser to; None when the center offers none.

    `id_token` is the hint that lets the center sign the person out without asking again; with ""
    it will ask.
    """
    if metadata.end_session_endpoint is None:
        return None
    parameters = {"client_id": settings.client_id, "post_logout_redirect_uri": return_uri}
    if id_token:
        parameters["id_token_hint"] = id_token
    return with_query(metadata.end_session_endpoint, parameters)
