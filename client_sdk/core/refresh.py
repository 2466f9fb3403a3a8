"""Fresh tokens for a refresh token, and giving one back: requests and what their answers say."""

from client_sdk.core.callback import Tokens, read_tokens
from client_sdk.core.client_auth import form_request
from client_sdk.core.discovery import Metadata
from client_sdk.core.errors import Unavailable
from client_sdk.core.settings import Settings
from client_sdk.core.transport import HttpRequest, HttpResponse


def build_request(metadata: Metadata, settings: Settings, refresh_token: str) -> HttpRequest:
    """Build the request for fresh tokens (RFC 6749 section 6).

    It may be sent again: the center answers a repeated use of the same refresh token with the same tokens.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return form_request(
        metadata.token_endpoint, form, settings, takes_basic=metadata.takes_basic, is_repeatable=True
    )


def process_response(response: HttpResponse) -> Tokens | None:
    """Return the fresh tokens, or None when the refresh token counts no more.

    `refresh_token` is "" when the center did not replace it. Raises Unavailable for any other answer: a
    center that is busy, or does not know this site, says nothing about the person.
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


def build_revocation(metadata: Metadata, settings: Settings, refresh_token: str) -> HttpRequest | None:
    """Build the request that takes a refresh token back with all that came of it (RFC 7009 section 2.1).

    None when the center offers none.
    """
    if metadata.revocation_endpoint is None:
        return None
    form = {"token": refresh_token, "token_type_hint": "refresh_token"}
    return form_request(
        metadata.revocation_endpoint, form, settings, takes_basic=metadata.takes_basic, is_repeatable=True
    )
