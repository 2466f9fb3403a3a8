"""/userinfo: what a site may know of the person now (OpenID Connect Core section 5.3)."""

from sso_center.protocols.active_token import find_active
from sso_center.protocols.api import Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import (
    InsufficientScope,
    InvalidBearerRequest,
    InvalidRequest,
    InvalidToken,
    MissingToken,
)
from sso_center.protocols.oidc.claims import claims_of
from sso_center.protocols.parameters import FORM
from sso_center.services import Services


def handler(services: Services) -> Handler:
    """Return the endpoint."""
    table = services.settings.profile

    def userinfo(call: Call) -> Answer:
        active = find_active(services, _token(call))
        if active is None or active.kind == "refresh":
            raise InvalidToken
        if active.user is None or "openid" not in active.scope:
            raise InsufficientScope("openid")
        return json_answer(claims_of(table, active.user, active.scope))

    return userinfo


def _token(call: Call) -> str:
    """Return the token of a request, which comes in one way (RFC 6750 section 2), never in the address."""
    in_header, in_body = call.bearer(), _in_body(call)
    if in_header is not None and in_body is not None:
        raise InvalidBearerRequest("Send the token in the header or in the body, not in both.")
    token = in_header if in_header is not None else in_body
    if token is None:
        raise MissingToken
    return token


def _in_body(call: Call) -> str | None:
    if call.method != "POST" or call.content_type != FORM:
        return None
    try:
        return call.form().get("access_token")
    except InvalidRequest as bad:
        raise InvalidBearerRequest(bad.message) from bad
