"""/revoke: a client gives a token back before its time (RFC 7009).

A refresh token takes all that came of its grant along; an access token goes alone; an app token ends the
session that it is. What kind it is its form tells, so `token_type_hint` is not needed.
"""

from sso_center.core.clients import Client
from sso_center.core.endings import Reason
from sso_center.core.tokens import ActiveToken
from sso_center.protocols.active_token import find_active
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
        sent = Credentials(call.authorization, parameters.get("client_id"), parameters.get("client_secret"))
        client = authenticate(services.clients, sent)
        token = parameters.get("token")
        if token is None:
            raise InvalidRequest("token is missing.")
        active = find_active(services, token)
        confirm(services.clients, client, sent)
        if active is not None:
            _take_back(services, client, active)
        return DONE

    return revoke


def _take_back(services: Services, client: Client, active: ActiveToken) -> None:
    if active.client_id != client.client_id:
        # Refused and told so (section 2.1), in the words of RFC 6749 section 5.2.
        raise InvalidGrant(detail=f"a token of {active.client_id!r}")
    endings, actor = services.endings, f"client:{client.client_id}"
    # A client's own token is of nobody.
    sub = active.sub if active.user else ""
    if active.kind == "app" and active.sid is not None:
        endings.end_session(active.sid, Reason.LOGOUT, actor)
    elif active.kind == "refresh" and active.family is not None:
        endings.revoke_family(
            active.family, sub=sub, client_id=client.client_id, reason=Reason.REVOKED, actor=actor
        )
    else:
        until = active.expires_at * 1000
        endings.revoke_token(active.jti, sub=sub, client_id=client.client_id, until=until, actor=actor)
