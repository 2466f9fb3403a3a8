"""grant_type=urn:example:grant-type:voucher: a code by another name, presented without a verifier."""

from sso_center.protocols.api_errors import InvalidRequest
from sso_center.protocols.oidc.grants import Granted, TokenRequest, granted_by_login
from sso_center.services import Services


def grant(services: Services, request: TokenRequest) -> Granted:
    """Redeem the voucher. What a replay ends is not its business."""
    voucher = request.parameters.get("voucher")
    if voucher is None:
        raise InvalidRequest("voucher is missing.")
    redeemed = services.tokens.redeem(
        voucher,
        client=request.client,
        redirect_uri=request.parameters.get("redirect_uri"),
        code_verifier=None,
    )
    return granted_by_login(services, request.client, redeemed)
