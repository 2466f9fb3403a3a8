"""Fresh tokens for a refresh token, and revoking one: requests and what their answers say."""

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center, log_unavailable
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.tokens.token_response import TokenResponse, read_tokens


def refresh(center: Center, refresh_token: str) -> TokenResponse | None:
    """Ask for fresh tokens (RFC 6749 section 6); None when the center refuses. Raises Unavailable.

    The request may be sent again: the center answers a repeated use of a refresh token with the same tokens.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    with log_unavailable("tokens can't be refreshed"):
        endpoint = center.metadata().token_endpoint
        return process_response(center.post_form(endpoint, form, is_repeatable=True))


def process_response(response: HttpResponse) -> TokenResponse | None:
    """Return the fresh tokens, or None when the refresh token no longer counts.

    `refresh_token` is "" when the center did not replace it. Raises Unavailable for any other answer: when
    the center is busy or refuses this client, that says nothing about the person.
    """
    if response.status >= 500 or response.status == 429:
        raise Unavailable("center_failed", "The center can't refresh just now.", actual=response.status)
    document = response.json_object()
    if response.status == 400 and document.get("error") == "invalid_grant":
        return None
    if response.status != 200:
        error = str(document.get("error", ""))[:64]
        raise Unavailable(
            "center_refused_client", "The center gives this site no fresh tokens.", expected=200, actual=error
        )
    tokens = read_tokens(document)
    if tokens is None or not tokens.access_token:
        raise Unavailable("center_malformed", "The center's answer has no access token.")
    return tokens


def revoke(center: Center, refresh_token: str) -> None:
    """Revoke a refresh token and its family (RFC 7009), where the center can. Raises Unavailable."""
    endpoint = center.metadata().revocation_endpoint
    if endpoint is None:
        return
    form = {"token": refresh_token, "token_type_hint": "refresh_token"}
    if center.post_form(endpoint, form, is_repeatable=True).status != 200:
        raise Unavailable("center_failed", "The center did not revoke a refresh token.")
