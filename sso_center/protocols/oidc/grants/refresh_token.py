"""grant_type=refresh_token: a refresh token for its successor and another access token (RFC 6749 section 6).

Every use tells a successor, and the first use of that spends the one before (RFC 9700 section 4.14.2).
"""

from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import Reason
from sso_center.core.tokens import ReusedToken, ScopeRefused
from sso_center.protocols.api_errors import InvalidGrant, InvalidRequest, InvalidScope
from sso_center.protocols.oidc import id_token
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.services import Services


def refresh(services: Services, request: TokenRequest) -> Granted:
    """Give another access token for a refresh token of this client, with the same scope or less.

    Raises InvalidRequest without a token, InvalidScope, InvalidGrant for every other refusal, Unavailable. A
    token that was spent long ago ends its family: two hold it, and which of them is the thief can't be told.
    """
    token = request.parameters.get("refresh_token")
    if token is None:
        raise InvalidRequest("refresh_token is missing.")
    client = request.client
    try:
        refreshed = services.tokens.refresh(token, client=client, scope=request.scope)
    except ReusedToken as reused:
        services.revoker.revoke_family(
            reused.family, sub=reused.sub, client_id=reused.client_id, reason=Reason.REUSE
        )
        raise InvalidGrant(detail="reused") from reused
    except ScopeRefused as refused:
        raise InvalidScope("The scope holds more than was granted.") from refused
    except GrantRefused as refused:
        raise InvalidGrant(detail=refused.reason) from refused
    return Granted(
        refreshed.access_token,
        refreshed.expires_in,
        refreshed.scope,
        id_token.issue(services, client, refreshed) if "openid" in refreshed.scope else None,
        refreshed.refresh_token,
    )
