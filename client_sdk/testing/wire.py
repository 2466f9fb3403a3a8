"""How the fake center reads requests and writes answers."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from client_sdk.core.http.transport import HttpResponse


def discovery(issuer: str) -> dict[str, Any]:
    """Return what the center says of itself."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks.json",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/logout",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }


def client_of(headers: Mapping[str, str]) -> str:
    """Return who asks, by the Authorization header; "" when it does not say."""
    kind, _, proof = headers.get("Authorization", "").partition(" ")
    return unquote_plus(b64decode(proof).decode().partition(":")[0]) if kind == "Basic" else ""


def read_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form; of several with one name the first."""
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


def json_answer(status: int, document: Mapping[str, Any]) -> HttpResponse:
    """Return an answer in JSON."""
    return HttpResponse(status, json.dumps(document).encode())
