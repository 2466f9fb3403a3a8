"""The logout token of a notice (OpenID Connect Back-Channel Logout 1.0 section 2.4)."""

import secrets

from sso_center.core.clients import Client
from sso_center.core.keys import Keys

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPE = "logout+jwt"
LIFETIME = 120
"""Seconds; short, since each try carries a fresh one."""


def make_logout_token(keys: Keys, issuer: str, client: Client, *, sub: str, sid: str, now: int) -> str:
    """Return a signed logout token for a client, of a person as a whole when `sid` is ''. `now` is in ms."""
    issued_at = now // 1000
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": client.client_id,
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
        "jti": secrets.token_urlsafe(16),
        "sub": sub,
        "events": {EVENT: {}},
    }
    if sid:
        claims["sid"] = sid
    return keys.sign(claims, client.id_token_alg, typ=TYPE)
