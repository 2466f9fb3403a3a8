"""grant_type=urn:ietf:params:oauth:grant-type:device_code: polled until somebody answers (RFC 8628).

What a device flow has besides, its endpoint for devices and its page for people, is not here: they call
`begin`, `find`, `approve` and `deny` of `services.pending_grants`.
"""

from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.oidc.grants import Granted, TokenRequest, granted_by_login
from sso_center.services import Services


def grant(services: Services, request: TokenRequest) -> Granted:
    """Redeem the grant that somebody gave meanwhile; GrantPending until then."""
    code = request.parameters.get("device_code")
    if code is None:
        raise InvalidRequest("device_code is missing.")
    pending = services.pending_grants.find_presented(code, request.client.client_id)
    redeemed = services.tokens.redeem(
        code, client=request.client, redirect_uri=None, code_verifier=None, shard=pending.approver
    )
    return granted_by_login(services, request.client, redeemed)
