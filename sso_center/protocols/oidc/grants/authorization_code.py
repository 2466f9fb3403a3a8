"""grant_type=authorization_code: a code for tokens, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

import re

from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.oidc.grants import Granted, TokenRequest, granted_by_login
from sso_center.services import Services

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DEVICE_ID = re.compile(r"[\x20-\x7e]{1,128}")


def grant(services: Services, request: TokenRequest) -> Granted:
    """Redeem the code for the client that presents it.

    Raises InvalidRequest without a code or with a verifier or device of no possible form; GrantRefused for
    every other refusal, Replayed among them; and Unavailable.
    """
    code, verifier = request.parameters.get("code"), request.parameters.get("code_verifier")
    if code is None:
        raise InvalidRequest("code is missing.")
    if verifier is not None and not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest("The code_verifier is malformed.")
    redeemed = services.tokens.redeem(
        code,
        client=request.client,
        redirect_uri=request.parameters.get("redirect_uri"),
        code_verifier=verifier,
        device_id=_device_id(request),
        address=request.address,
        user_agent=request.user_agent,
    )
    return granted_by_login(services, request.client, redeemed)


def _device_id(request: TokenRequest) -> str | None:
    """Return which device an app runs on, by its own word; of other clients it is not read."""
    if not request.client.has_app_tokens:
        return None
    device_id = request.parameters.get("device_id")
    if device_id is not None and not _DEVICE_ID.fullmatch(device_id):
        raise InvalidRequest("The device_id must have 1 to 128 printable ASCII characters.")
    return device_id
