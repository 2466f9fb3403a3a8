"""What the center says of itself (OpenID Connect Discovery section 3, RFC 8414): only what is true."""

from typing import Any

from sso_center.base.grant_types import GRANT_TYPES
from sso_center.base.settings import Settings
from sso_center.core.keys.algorithms import ALGORITHMS
from sso_center.protocols.api import JSON, Answer, Call, Handler, json_answer
from sso_center.protocols.client_authentication import METHODS
from sso_center.protocols.oidc import addresses
from sso_center.protocols.oidc.checks import PROMPTS
from sso_center.protocols.oidc.claims import names_of, scopes_of
from sso_center.web.language import LANGUAGES

ID_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "stamp", "auth_time", "nonce", "sid", "acr", "amr", "at_hash")
CACHE = ("Cache-Control", "public, max-age=300")


def handler(settings: Settings) -> Handler:
    """Return the endpoint."""
    answer = json_answer(_document(settings), headers=(*JSON, CACHE))

    def discovery(_call: Call) -> Answer:
        return answer

    return discovery


def _document(settings: Settings) -> dict[str, Any]:
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + addresses.AUTHORIZE,
        "token_endpoint": issuer + addresses.TOKEN,
        "userinfo_endpoint": issuer + addresses.USERINFO,
        "introspection_endpoint": issuer + addresses.INTROSPECT,
        "revocation_endpoint": issuer + addresses.REVOKE,
        "end_session_endpoint": issuer + addresses.END_SESSION,
        "jwks_uri": issuer + addresses.JWKS,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["public"],
        "scopes_supported": list(scopes_of(settings.profile)),
        "claims_supported": [*ID_TOKEN_CLAIMS, *names_of(settings.profile)],
        "claim_types_supported": ["normal"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": [*METHODS, "none"],
        "introspection_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": list(LANGUAGES),
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # Left out, this one would mean yes.
        "request_uri_parameter_supported": False,
    }
