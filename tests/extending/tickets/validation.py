"""/tickets/validate and /tickets/password: what sites ask, server to server."""

import logging
import threading

from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.reasons import CENTER, Reason
from sso_center.protocols.api import Answer, Call, Endpoint, json_answer
from sso_center.protocols.api_errors import InvalidGrant, InvalidRequest
from sso_center.protocols.parameters import parse
from sso_center.services import Services
from tests.extending.tickets.login import PROTOCOL

VALIDATE = "/tickets/validate"
PASSWORD = "/tickets/password"

log = logging.getLogger("sso_center.tickets")


def endpoints(services: Services) -> list[Endpoint]:
    """Return the endpoints for programs."""

    def validate(call: Call) -> Answer:
        asked = parse(call.query)
        service, ticket = asked.get("service") or "", asked.get("ticket") or ""
        client = services.clients.find_by_address(PROTOCOL, service)
        if client is None:
            raise InvalidRequest("No site is registered with this service.")
        try:
            # From here on it opens nothing, and is what the site knows the session by.
            validated = services.grants.validate(
                ticket, client_id=client.client_id, redirect_uri=service, handle=ticket
            )
        except Replayed as replay:
            # It is in two hands: what it gave ends, and the site is told by the ticket.
            services.endings.leave(replay.sid or "", client.client_id, CENTER, Reason.REPLAY)
            raise InvalidGrant(detail=replay.reason) from replay
        except GrantRefused as refused:
            raise InvalidGrant(detail=refused.reason) from refused
        return json_answer({"user": validated.session.user.username})

    def password(call: Call) -> Answer:
        form = call.form()
        user = services.users.authenticate(form.get("username") or "", form.get("password") or "")
        log.warning("a password was checked in the thread %s", threading.current_thread().name)
        return json_answer({"right": user is not None})

    return [Endpoint(VALIDATE, ("GET",), validate), Endpoint(PASSWORD, ("POST",), password)]
