"""/introspect: a site asks whether a token counts right now (RFC 7662).

The busiest endpoint there is: one round trip to Redis, no SQL.
"""

from sso_center.core.clients import Client
from sso_center.core.tokens import ActiveToken
from sso_center.protocols.api import PRIVATE_JSON, Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.client_authentication import Credentials, authenticate_confidential, confirm
from sso_center.services import Services

# One answer for a token that is unknown, expired, taken back or another's: guessing teaches nothing.
INACTIVE = Answer(200, PRIVATE_JSON, b'{"active":false}')


def handler(services: Services) -> Handler:
    """Return the endpoint."""
    issuer, clients, tokens = services.settings.issuer, services.clients, services.tokens

    def introspect(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials(call.authorization, parameters.get("client_id"), parameters.get("client_secret"))
        client = authenticate_confidential(clients, sent)
        token = parameters.get("token")
        if token is None:
            raise InvalidRequest("token is missing.")
        active = tokens.find_active(token)
        confirm(clients, client, sent)
        if active is None or not _may_know(client, active):
            return INACTIVE
        return _describe(active, issuer)

    return introspect


def _may_know(client: Client, active: ActiveToken) -> bool:
    return active.client_id == client.client_id or client.may_introspect


def _describe(active: ActiveToken, issuer: str) -> Answer:
    return json_answer(
        {
            "active": True,
            "iss": issuer,
            "client_id": active.client_id,
            "token_type": "Bearer",
            "scope": " ".join(active.scope),
            "sub": active.sub,
            "username": active.user.username if active.user else "",
            "roles": active.user.roles if active.user else (),
            "sid": active.sid,
            "iat": active.issued_at,
            "exp": active.expires_at,
        }
    )
