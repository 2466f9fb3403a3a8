"""/revoke: a client gives a token back before its time (RFC 7009).

A refresh token takes all that came of its grant along; an access token goes alone; an app token ends the
session that it is. What kind it is its form tells, so `token_type_hint` is not needed.
"""

from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.tokens import RevocableToken
from sso_center.protocols.api import NOT_STORED, Answer, Call, Handler
from sso_center.protocols.api_errors import InvalidGrant, InvalidRequest
from sso_center.protocols.client_authentication import Credentials, authenticate, confirm
from sso_center.services import Services

# The same for a token that was unknown or dead already: the client has what it wanted (section 2.2).
DONE = Answer(200, NOT_STORED, b"")


def handler(services: Services) -> Handler:
    """Return the endpoint."""

    def revoke(call: Call) -> Answer:
        parameters = call.form()
        sent = Credentials.of_form(call.authorization, parameters)
        client = authenticate(services.clients, sent)
        token = parameters.get("token")
        if token is None:
            raise InvalidRequest("token is missing.")
        given = services.tokens.find_revocable(token)
        confirm(services.clients, client, sent)
        if given is not None:
            _revoke(services, client, given)
        return DONE

    return revoke


def _revoke(services: Services, client: Client, given: RevocableToken) -> None:
    if given.client_id != client.client_id:
        # Refused and told so (section 2.1), in the words of RFC 6749 section 5.2.
        raise InvalidGrant(detail=f"a token of {given.client_id!r}")
    actor = f"client:{client.client_id}"
    if given.kind == "app" and given.sid is not None:
        services.endings.end_session(given.sid, Reason.LOGOUT, actor)
    elif given.kind == "refresh" and given.family is not None:
        services.revoker.revoke_family(
            given.family, sub=given.sub, client_id=client.client_id, reason=Reason.REVOKED, actor=actor
        )
    else:
        # A client's own token is of nobody.
        sub = given.sub if given.family else ""
        services.revoker.revoke_token(
            given.jti, sub=sub, client_id=client.client_id, until=given.deadline, actor=actor
        )
