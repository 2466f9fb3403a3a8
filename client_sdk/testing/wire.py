"""How the fake center reads requests and writes answers."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from client_sdk.core.http.transport import HttpResponse


def discovery(issuer: str) -> dict[str, Any]:
    """Return the discovery document."""
    ends = {"authorization": "authorize", "token": "token", "end_session": "logout"}
    ends |= {"introspection": "introspect", "revocation": "revoke"}
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks.json",
        **{f"{name}_endpoint": f"{issuer}/{path}" for name, path in ends.items()},
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }


def client_of(headers: Mapping[str, str]) -> str:
    """Return the client of the Authorization header; "" when it names none."""
    kind, _, proof = headers.get("Authorization", "").partition(" ")
    return unquote_plus(b64decode(proof).decode().partition(":")[0]) if kind == "Basic" else ""


def json_answer(status: int, document: Mapping[str, Any]) -> HttpResponse:
    """Return an answer in JSON."""
    return HttpResponse(status, json.dumps(document).encode())
