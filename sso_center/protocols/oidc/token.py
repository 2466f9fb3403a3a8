"""/token: a client gives a grant and gets tokens (RFC 6749 section 3.2, OpenID Connect Core section 3.1.3).

1. A form, each parameter once. 2. Which client calls. 3. Its grant, by type. 4. The answer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sso_center.core.clients import Client
from sso_center.protocols.api import Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import InvalidRequest, UnauthorizedClient, UnsupportedGrantType
from sso_center.protocols.client_authentication import Credentials, authenticate, confirm
from sso_center.protocols.oidc.grants import (
    Granted,
    TokenRequest,
    authorization_code,
    client_credentials,
    refresh_token,
)
from sso_center.services import Services

GrantType = Callable[[Services, TokenRequest], Granted]

GRANT_TYPES: Mapping[str, GrantType] = {
    "authorization_code": authorization_code.redeem,
    "refresh_token": refresh_token.refresh,
    "client_credentials": client_credentials.issue,
}


def handler(services: Services) -> Handler:
    """Return the endpoint."""

    def token(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials.of_form(call.authorization, parameters)
        client = authenticate(services.clients, sent)
        named = parameters.get("grant_type")
        if named is None:
            raise InvalidRequest("grant_type is missing.")
        grant_type = GRANT_TYPES.get(named)
        if grant_type is None:
            raise UnsupportedGrantType(f"The grant_type must be {' or '.join(GRANT_TYPES)}.")
        _check_registered(client, named)
        granted = grant_type(
            services, TokenRequest(client, parameters, call.address, call.header("User-Agent"))
        )
        _check_registered(confirm(services.clients, client, sent), named)
        return _answer(granted)

    return token


def _check_registered(client: Client, grant_type: str) -> None:
    if grant_type not in client.grant_types:
        raise UnauthorizedClient


def _answer(granted: Granted) -> Answer:
    content: dict[str, Any] = {
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "expires_in": granted.expires_in,
    }
    if granted.scope:
        content["scope"] = " ".join(granted.scope)
    if granted.id_token is not None:
        content["id_token"] = granted.id_token
    if granted.refresh_token is not None:
        content["refresh_token"] = granted.refresh_token
    return json_answer(content)
