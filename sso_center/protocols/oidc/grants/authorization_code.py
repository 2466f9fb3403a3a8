"""grant_type=authorization_code: a code for tokens, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

import logging
import re

from sso_center.base.errors import Unavailable
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.reasons import CENTER, Reason
from sso_center.protocols.api_errors import InvalidGrant, InvalidRequest
from sso_center.protocols.oidc import id_token
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.services import Services

log = logging.getLogger(__name__)

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DEVICE_ID = re.compile(r"[\x20-\x7e]{1,128}")

TOO_MANY = (
    "The person is signed in on as many devices as are allowed; sign one out, then send the code again."
)
"""What an app can tell the person. It learns this with a good code only, which is not spent by it."""


def redeem(services: Services, request: TokenRequest) -> Granted:
    """Redeem the code for the client that presents it.

    Raises InvalidRequest without a code or with a verifier or device of no possible form, InvalidGrant for
    every other refusal, and Unavailable. A code that was redeemed before ends what it gave: two hold it, and
    which of them is the thief can't be told (RFC 9700 section 4.5).
    """
    code, verifier = request.parameters.get("code"), request.parameters.get("code_verifier")
    if code is None:
        raise InvalidRequest("code is missing.")
    if verifier is not None and not _VERIFIER.fullmatch(verifier):
        raise InvalidRequest("The code_verifier is malformed.")
    client = request.client
    try:
        redeemed = services.tokens.redeem(
            code,
            client=client,
            redirect_uri=request.parameters.get("redirect_uri"),
            code_verifier=verifier,
            device_id=_device_id(request),
            address=request.address,
            user_agent=request.user_agent,
        )
    except Replayed as replay:
        _revoke(services, replay, client.client_id)
        raise InvalidGrant(detail=replay.reason) from replay
    except GrantRefused as refused:
        if refused.reason == "too_many_sessions":
            raise InvalidGrant(TOO_MANY, detail=refused.reason) from refused
        raise InvalidGrant(detail=refused.reason) from refused
    _give_notice(services, redeemed.ended)
    return Granted(
        redeemed.access_token,
        redeemed.expires_in,
        redeemed.scope,
        id_token.issue(services, client, redeemed, nonce=redeemed.nonce),
        redeemed.refresh_token,
    )


def _device_id(request: TokenRequest) -> str | None:
    """Return which device an app runs on, by its own word; of other clients it is not read."""
    if not request.client.has_app_tokens:
        return None
    device_id = request.parameters.get("device_id")
    if device_id is not None and not _DEVICE_ID.fullmatch(device_id):
        raise InvalidRequest("The device_id must have 1 to 128 printable ASCII characters.")
    return device_id


def _revoke(services: Services, replay: Replayed, client_id: str) -> None:
    if replay.sid is not None:
        # An app's code opened a session of its own, and all that came of the code is in it.
        services.endings.end_session(replay.sid, Reason.REPLAY, CENTER)
    else:
        services.revoker.revoke_family(
            replay.family, sub=replay.sub, client_id=client_id, reason=Reason.REPLAY
        )


def _give_notice(services: Services, ended: tuple[str, ...]) -> None:
    """Record the endings of sessions that this one replaced, so that their sites are told."""
    try:
        services.endings.end_sessions(ended, Reason.REPLACED, CENTER)
    except Unavailable as away:
        # Closed they are, in the same step as the code was spent: the courier records what is missing.
        log.warning("replaced sessions left to the courier", extra={"detail": away.detail})
