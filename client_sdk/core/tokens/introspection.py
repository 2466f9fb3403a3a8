"""The question whether a token counts right now, and what it may do (RFC 7662)."""

import logging
from dataclasses import dataclass, field
from typing import Any

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.token import Kind, Token, names_in, texts_in

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the center says of a token that counts.

    `successor` is the next token of an app whose present one is due for rotation, else "". `jti` is "" when
    the center names none.
    """

    token: Token
    jti: str
    successor: str = field(default="", repr=False)


def introspect(center: Center, token: str) -> Answer | None:
    """Ask whether a token counts; None when it does not. Raises Unavailable."""
    form = {"token": token, "token_type_hint": "access_token"}
    try:
        endpoint = center.metadata().introspection_endpoint
        if endpoint is None:
            raise Unavailable("discovery_malformed", "The center has no introspection endpoint.")
        return process_response(center.post_form(endpoint, form, is_repeatable=True), center.settings)
    except Unavailable as failed:
        log.warning("a token can't be checked: %s", failed)
        raise


def process_response(response: HttpResponse, settings: Settings) -> Answer | None:
    """Return what the center says, or None when the token does not count.

    Raises Unavailable: no answer is never a yes.
    """
    if response.status in (401, 403):
        raise Unavailable(
            "center_refused_client",
            "The center does not accept client_id and client_secret.",
            actual=response.status,
        )
    if response.status == 413:
        # Too long for any token of the center's; anybody could send one, and it says nothing of the others.
        return None
    if response.status != 200:
        raise Unavailable("center_failed", "The center can't say.", expected=200, actual=response.status)
    document = response.json_object()
    is_active = document.get("active")
    if not isinstance(is_active, bool):
        raise Unavailable("center_malformed", "The center did not say whether the token counts.")
    if not is_active or not _is_ours(document, settings):
        return None
    token = _token(document)
    if token is None:
        raise Unavailable("center_malformed", "The center's answer about a token can't be read.")
    return Answer(token, _text(document, "jti"), _text(document, "successor"))


def _is_ours(document: dict[str, Any], settings: Settings) -> bool:
    # A refresh token counts too, for the client that owns it, and opens no door of an API.
    kind, issuer = document.get("token_type"), document.get("iss", settings.issuer)
    return isinstance(kind, str) and kind.lower() == "bearer" and issuer == settings.issuer


def _token(document: dict[str, Any]) -> Token | None:
    sub, client_id = document.get("sub"), document.get("client_id")
    # Without its time of issue a token is as old as can be: any cut-off of its user ends what came of it.
    issued, expires = _seconds(document.get("iat", 0)), _seconds(document.get("exp"))
    scope, roles = names_in(document.get("scope")), texts_in(document.get("roles"))
    audience = texts_in(document.get("aud"))
    if not isinstance(sub, str) or not isinstance(client_id, str) or not sub or not client_id:
        return None
    if issued is None or expires is None:
        return None
    if scope is None or roles is None or audience is None:
        return None
    return Token(
        sub=sub,
        client_id=client_id,
        sid=_text(document, "sid"),
        username=_text(document, "username"),
        scope=scope,
        roles=roles,
        audience=audience,
        kind=_kind(document, sub, client_id),
        issued_at=issued,
        expires_at=expires,
    )


def _kind(document: dict[str, Any], sub: str, client_id: str) -> Kind:
    if document.get("kind") == "app":
        return "app"
    return "client" if sub == client_id else "access"


def _seconds(value: Any) -> float | None:
    is_time = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_time else None


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
