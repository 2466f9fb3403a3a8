"""/introspect: a site asks whether a token counts right now (RFC 7662).

The busiest endpoint there is: one round trip to Redis, no SQL.
"""

from typing import Any

from sso_center.core.clients import Client
from sso_center.core.tokens import ActiveToken
from sso_center.protocols.active_token import find_active
from sso_center.protocols.api import PRIVATE_JSON, Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.client_authentication import Credentials, authenticate_confidential, confirm
from sso_center.services import Services

# One answer for a token that is unknown, expired, taken back or another's: guessing teaches nothing.
INACTIVE = Answer(200, PRIVATE_JSON, b'{"active":false}')


def handler(services: Services) -> Handler:
    """Return the endpoint."""
    issuer, clients = services.settings.issuer, services.clients

    def introspect(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials.of_form(call.authorization, parameters)
        client = authenticate_confidential(clients, sent)
        token = parameters.get("token")
        if token is None:
            raise InvalidRequest("token is missing.")
        active = find_active(services, token, asker=client)
        client = confirm(clients, client, sent)
        if active is None or not _may_know(client, active):
            return INACTIVE
        described = _described(active, issuer, client)
        if active.successor is not None and _includes(client, active):
            described["successor"] = active.successor
        return json_answer(described)

    return introspect


def _may_know(client: Client, active: ActiveToken) -> bool:
    if active.client_id == client.client_id:
        return True
    # A refresh token is for its client and the center alone: wherever else it turned up it was lost.
    return active.kind != "refresh" and _includes(client, active)


def _includes(client: Client, active: ActiveToken) -> bool:
    """Say whether people present such tokens to this client: only then can it hand on a successor."""
    return client.client_id in active.audience or client.may_introspect


def _described(active: ActiveToken, issuer: str, asker: Client) -> dict[str, Any]:
    said: dict[str, Any] = {
        "active": True,
        "iss": issuer,
        "client_id": active.client_id,
        "iat": active.issued_at,
        "nbf": active.issued_at,
        "exp": active.expires_at,
        "aud": active.audience[0] if len(active.audience) == 1 else active.audience,
        "jti": active.jti,
        "sub": active.sub,
    }
    if active.kind != "refresh":
        said["token_type"] = "Bearer"  # noqa: S105 - a kind, not a token
    if active.kind == "app":
        # Not of the RFC: an API hands its holder the successor, which no other token has.
        said["kind"] = active.kind
    if active.scope:
        said["scope"] = " ".join(active.scope)
    if active.user is not None:
        said["roles"] = active.user.roles
        # To a third party the name that a person signs in with is a part of their profile.
        if not asker.is_third_party or "profile" in active.scope:
            said["username"] = active.user.username
    if active.sid is not None:
        said["sid"] = active.sid
    return said
