"""The OpenAPI 3.1 document, written from the table that serves the routes."""

from collections.abc import Sequence
from typing import Any

from sso_center import __version__
from sso_center.base.settings import Settings
from sso_center.core.clients.client import ADMIN_SCOPE
from sso_center.protocols.admin.route import BASE, Route
from sso_center.protocols.admin.shapes import COMPONENTS, TEXT, ref, user_schema

PATH = f"{BASE}/openapi.json"

_ERROR = {
    "type": "object",
    "properties": {
        "error": TEXT,
        "error_description": TEXT,
        "field": {"type": "string", "description": "The member or parameter that is wrong."},
    },
    "required": ["error"],
    "additionalProperties": False,
}
_REFUSALS = {
    400: "The call is malformed; `field` says where.",
    401: "No access token, or none that counts (RFC 6750).",
    403: f"The access token was not given for {ADMIN_SCOPE} (RFC 6750).",
    404: "There is no such thing (any more).",
    409: "What was asked for clashes with what there is.",
    413: "The body is too large.",
    503: "The stores are away; ask again after Retry-After seconds.",
}
_ALWAYS = (400, 401, 403, 413, 503)


def document_of(routes: Sequence[Route], settings: Settings) -> dict[str, Any]:
    """Return the document of these routes at a center (OpenAPI Specification 3.1.1)."""
    issuer = settings.issuer
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Administration of the SSO center",
            "version": __version__,
            "description": "All that the console can do. Instants are in milliseconds since 1970.",
        },
        "servers": [{"url": issuer}],
        "security": [{"client": [ADMIN_SCOPE]}],
        "paths": paths,
        "components": {
            "schemas": {**COMPONENTS, "User": user_schema(settings.profile), "Error": _ERROR},
            "securitySchemes": {
                "client": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{issuer}/token",
                            "scopes": {ADMIN_SCOPE: "Administer the center."},
                        }
                    },
                }
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.below.split("/")[1]],
        "parameters": _parameters(route),
        "responses": {str(route.status): _answer(route)}
        | {
            str(status): {"description": _REFUSALS[status], "content": _json(ref("Error"))}
            for status in sorted({*_ALWAYS, *route.refusals})
        },
    }
    if route.body is not None:
        is_required = bool(route.body.get("required") or route.body.get("minProperties"))
        said["requestBody"] = {"required": is_required, "content": _json(route.body)}
    return said


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [{"name": route.parameter, "in": "path", "required": True, "schema": TEXT}]
    in_query = [{"name": name, "in": "query", "schema": schema} for name, schema in route.query.items()]
    return (in_path if route.parameter else []) + in_query


def _answer(route: Route) -> dict[str, Any]:
    said: dict[str, Any] = {"description": route.summary}
    if route.media:
        said["content"] = {kind: {"schema": route.answer} for kind in route.media}
    elif route.answer is not None:
        said["content"] = _json(route.answer)
    return said


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
