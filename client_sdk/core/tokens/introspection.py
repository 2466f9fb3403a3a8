"""The question whether a token counts right now, and what it may do (RFC 7662)."""

from typing import Any

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center, log_unavailable
from client_sdk.core.http.transport import HttpResponse, check_ok
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.token import CheckedToken


def introspect(center: Center, token: str) -> CheckedToken | None:
    """Ask whether a token counts; None when it does not. Raises Unavailable."""
    form = {"token": token, "token_type_hint": "access_token"}
    with log_unavailable("a token can't be checked"):
        endpoint = center.metadata().introspection_endpoint
        if endpoint is None:
            raise Unavailable("discovery_malformed", "The center has no introspection endpoint.")
        return process_response(center.post_form(endpoint, form, is_repeatable=True), center.settings)


def process_response(response: HttpResponse, settings: Settings) -> CheckedToken | None:
    """Return what the center says, or None when the token does not count.

    Raises Unavailable: without an answer nothing counts.
    """
    if response.status == 413:
        # Too long for a token of the center; anybody can send one, and it says nothing about other tokens.
        return None
    check_ok(response.status)
    document = response.json_object()
    is_active = document.get("active")
    if not isinstance(is_active, bool):
        raise Unavailable("center_malformed", "The center did not say whether the token counts.")
    if not is_active or not _is_ours(document, settings):
        return None
    try:
        # Without a time of issue a token is as old as can be: any cut-off of its user ends it.
        return CheckedToken.from_claims({"iat": 0, **document})
    except ValueError as bad:
        raise Unavailable("center_malformed", "The center's answer about a token can't be read.") from bad


def _is_ours(document: dict[str, Any], settings: Settings) -> bool:
    # A refresh token counts too, for its own client; an API must not accept it.
    kind, issuer = document.get("token_type"), document.get("iss", settings.issuer)
    return isinstance(kind, str) and kind.lower() == "bearer" and issuer == settings.issuer
