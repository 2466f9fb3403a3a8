"""grant_type=refresh_token: a refresh token for its successor and another access token (RFC 6749 section 6).

Every use tells a successor, and the first use of that spends the one before (RFC 9700 section 4.14.2).
"""

from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.oidc import id_token
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.services import Services


def grant(services: Services, request: TokenRequest) -> Granted:
    """Give another access token for a refresh token of this client, with the same scope or less.

    Raises InvalidRequest without a token; GrantRefused for every other refusal, ReusedToken and ScopeRefused
    among them; and Unavailable.
    """
    token = request.parameters.get("refresh_token")
    if token is None:
        raise InvalidRequest("refresh_token is missing.")
    refreshed = services.tokens.refresh(token, client=request.client, scope=request.scope)
    return Granted(
        refreshed.access_token,
        refreshed.expires_in,
        refreshed.scope,
        id_token.issue(services, request.client, refreshed) if "openid" in refreshed.scope else None,
        refreshed.refresh_token,
    )
