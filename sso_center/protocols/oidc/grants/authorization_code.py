"""grant_type=authorization_code: a code for tokens, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

import re

from sso_center.core.endings import CENTER, Reason
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.protocols.api_errors import InvalidGrant, InvalidRequest
from sso_center.protocols.oidc import id_token
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.services import Services

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def redeem(services: Services, request: TokenRequest) -> Granted:
    """Redeem the code for the client that presents it.

    Raises InvalidRequest without a code or with a verifier of no possible form, InvalidGrant for every
    other refusal, and Unavailable. A code that was redeemed before ends what it gave: two hold it, and
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
        )
    except Replayed as replay:
        if replay.sid is not None:
            services.endings.end_session(replay.sid, Reason.REPLAY, CENTER)
        else:
            services.endings.revoke_family(
                replay.family, sub=replay.sub, client_id=client.client_id, reason=Reason.REPLAY
            )
        raise InvalidGrant(detail=replay.reason) from replay
    except GrantRefused as refused:
        raise InvalidGrant(detail=refused.reason) from refused
    for sid in redeemed.ended:
        services.endings.end_session(sid, Reason.REPLACED, CENTER)
    return Granted(
        redeemed.access_token,
        redeemed.expires_in,
        redeemed.scope,
        id_token.issue(services, client, redeemed),
    )
