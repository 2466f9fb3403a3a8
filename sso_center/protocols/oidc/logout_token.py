"""What OpenID Connect says to a site when a session ends (Back-Channel Logout 1.0 sections 2.4 to 2.8)."""

import secrets
from urllib.parse import urlencode

from sso_center.core.notices import Issuer, LogoutNotice, NoticeRequest
from sso_center.protocols.parameters import FORM

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LIFETIME = 120
"""Seconds; short, since each try carries a fresh one."""


def notice_request(issuer: Issuer, notice: LogoutNotice) -> NoticeRequest:
    """Return the POST of a fresh logout token. Its handle for the session is the `sid`."""
    body = urlencode({"logout_token": make_logout_token(issuer, notice)}).encode()
    return NoticeRequest(notice.client.backchannel_logout_uri or "", body, FORM, _error_of)


def make_logout_token(issuer: Issuer, notice: LogoutNotice) -> str:
    """Return a signed logout token, of a person as a whole when the notice names no session."""
    issued_at = issuer.now // 1000
    claims: dict[str, object] = {
        "iss": issuer.name,
        "aud": notice.client.client_id,
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sub": notice.sub,
        "events": {EVENT: {}},
    }
    if notice.sid:
        claims["sid"] = notice.sid
    return issuer.keys.sign(claims, notice.client.id_token_alg, typ=TYPE)


def _error_of(status: int) -> str:
    # The standard's success is 200; some sites answer 204.
    return "" if status in (200, 204) else f"answered {status}"
