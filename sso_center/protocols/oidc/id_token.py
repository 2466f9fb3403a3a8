"""ID tokens: what the center signs to say who signed in, when and how (OpenID Connect Core section 2)."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from sso_center.core.clients import Client
from sso_center.core.tokens import Redeemed
from sso_center.protocols.oidc.claims import short_claims_of
from sso_center.services import Services


def issue(services: Services, client: Client, given: Redeemed, *, nonce: str | None = None) -> str:
    """Return the ID token that goes with an access token, signed with the client's algorithm.

    `nonce` is what the client sent to /authorize; after a refresh there is none (section 12.2). `stamp` is
    ours: the instant (ms) that a cut-off counts against, which `iat` tells only to the second.
    """
    return services.keys.sign(_claims(services, client, given, nonce), client.id_token_alg)


def _claims(services: Services, client: Client, given: Redeemed, nonce: str | None) -> dict[str, Any]:
    settings, login = services.settings, given.authentication
    now = services.clock() // 1000
    claims = {
        "iss": settings.issuer,
        "aud": client.client_id,
        "exp": now + settings.id_token_lifetime,
        "iat": now,
        "stamp": given.stamp,
        "auth_time": login.auth_time // 1000,
        "acr": login.acr,
        "amr": login.amr,
        "at_hash": at_hash(given.access_token, client.id_token_alg),
        **short_claims_of(settings.profile, given.user, given.scope),
    }
    if login.sid is not None:
        claims["sid"] = login.sid
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def at_hash(access_token: str, algorithm: str) -> str:
    """Return what binds an access token to its ID token: the left half of its hash (section 3.1.3.6).

    The hash is that of the signature; Ed25519 uses SHA-512 inside.
    """
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
