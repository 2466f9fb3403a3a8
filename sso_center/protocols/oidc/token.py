"""/token: a client gives a grant and gets tokens (RFC 6749 section 3.2, OpenID Connect Core section 3.1.3).

1. A form, each parameter once. 2. Which client calls. 3. Its grant, by type. 4. What follows from any of
them. 5. The answer.
"""

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from sso_center.base.errors import Unavailable
from sso_center.base.grant_types import GRANT_TYPES
from sso_center.core.clients import Client
from sso_center.core.grants import GrantPending, GrantRefused, Replayed
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import ReusedToken, ScopeRefused
from sso_center.protocols.api import Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import (
    AuthorizationPending,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from sso_center.protocols.client_authentication import Credentials, authenticate, confirm
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.services import Services

log = logging.getLogger(__name__)

Grant = Callable[[Services, TokenRequest], Granted]

GRANTS: Mapping[str, Grant] = {
    one.name: import_module(f"sso_center.protocols.oidc.grants.{one.module}").grant
    for one in GRANT_TYPES.values()
}
"""The function of each grant type in the table."""

TOO_MANY = (
    "The person is signed in on as many devices as are allowed; sign one out, then send the code again."
)
"""What an app can tell the person. It learns this with a good code only, which is not spent by it."""


def handler(services: Services) -> Handler:
    """Return the endpoint."""

    def token(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials.of_form(call.authorization, parameters)
        client = authenticate(services.clients, sent)
        named = parameters.get("grant_type")
        if named is None:
            raise InvalidRequest("grant_type is missing.")
        if named not in GRANTS:
            raise UnsupportedGrantType(f"The grant_type must be {' or '.join(GRANTS)}.")
        _check_registered(client, named)
        request = TokenRequest(client, parameters, call.address, call.header("User-Agent"))
        granted = _granted(services, GRANTS[named], request)
        _check_registered(confirm(services.clients, client, sent), named)
        return _answer(granted)

    return token


def _check_registered(client: Client, grant_type: str) -> None:
    if grant_type not in client.grant_types:
        raise UnauthorizedClient


def _granted(services: Services, grant: Grant, request: TokenRequest) -> Granted:
    """Return what a grant gives, and see to what follows from it, whichever grant it is.

    What was presented twice is in two hands, and which of them is the thief's can't be told: all that came of
    it ends (RFC 9700 sections 4.5 and 4.14.2).
    """
    try:
        granted = grant(services, request)
    except Replayed as replay:
        _revoke_replayed(services, replay, request.client.client_id)
        raise InvalidGrant(detail=replay.reason) from replay
    except ReusedToken as reused:
        services.revoker.revoke_family(
            reused.family, sub=reused.sub, client_id=reused.client_id, reason=Reason.REUSE
        )
        raise InvalidGrant(detail="reused") from reused
    except ScopeRefused as refused:
        raise InvalidScope("The scope holds more than was granted.") from refused
    except GrantPending as pending:
        raise AuthorizationPending from pending
    except GrantRefused as refused:
        if refused.reason == "too_many_sessions":
            raise InvalidGrant(TOO_MANY, detail=refused.reason) from refused
        raise InvalidGrant(detail=refused.reason) from refused
    _record_replaced(services, granted.ended)
    return granted


def _revoke_replayed(services: Services, replay: Replayed, client_id: str) -> None:
    if replay.sid is not None:
        # An app's code opened a session of its own, and all that came of the code is in it.
        services.endings.end_session(replay.sid, Reason.REPLAY, CENTER)
    else:
        services.revoker.revoke_family(
            replay.family, sub=replay.sub, client_id=client_id, reason=Reason.REPLAY
        )


def _record_replaced(services: Services, ended: tuple[str, ...]) -> None:
    """Record the endings of sessions that the granted one replaced, so that their sites are told."""
    try:
        services.endings.end_sessions(ended, Reason.REPLACED, CENTER)
    except Unavailable as away:
        # They are closed, in the same step in which the grant was spent: the courier records what is missing.
        log.warning("replaced sessions left to the courier", extra={"detail": away.detail})


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
