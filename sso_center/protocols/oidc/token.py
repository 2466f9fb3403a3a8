"""/token: a client gives a grant and gets tokens (RFC 6749 section 3.2, OpenID Connect Core section 3.1.3).

1. A form, each parameter once. 2. Which client calls. 3. Its grant, by type. 4. The answer.
"""

from collections.abc import Callable, Mapping

from sso_center.protocols.api import Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import InvalidRequest, UnsupportedGrantType
from sso_center.protocols.client_authentication import Credentials, authenticate, confirm
from sso_center.protocols.oidc.grants import Granted, TokenRequest, authorization_code
from sso_center.services import Services

GrantType = Callable[[Services, TokenRequest], Granted]

GRANT_TYPES: Mapping[str, GrantType] = {"authorization_code": authorization_code.redeem}


def handler(services: Services) -> Handler:
    """Return the endpoint."""

    def token(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials(call.authorization, parameters.get("client_id"), parameters.get("client_secret"))
        client = authenticate(services.clients, sent)
        named = parameters.get("grant_type")
        if named is None:
            raise InvalidRequest("grant_type is missing.")
        grant_type = GRANT_TYPES.get(named)
        if grant_type is None:
            raise UnsupportedGrantType(f"The grant_type must be {' or '.join(GRANT_TYPES)}.")
        granted = grant_type(services, TokenRequest(client, parameters))
        confirm(services.clients, client, sent)
        return _answer(granted)

    return token


def _answer(granted: Granted) -> Answer:
    return json_answer(
        {
            "access_token": granted.access_token,
            "token_type": "Bearer",
            "expires_in": granted.expires_in,
            "scope": " ".join(granted.scope),
            "id_token": granted.id_token,
        }
    )
