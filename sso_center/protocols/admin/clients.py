"""/clients: the registered sites."""

from collections.abc import Sequence
from typing import Any

from sso_center.base.grant_types import GRANT_TYPES
from sso_center.core.clients.rules import ACCESS_TOKEN_FORMATS, ID_TOKEN_ALGORITHMS
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import members, number, text
from sso_center.protocols.admin.shapes import (
    CLIENT,
    COUNT,
    COUNT_OR_NULL,
    FLAG,
    REGISTRATION,
    TEXT,
    TEXT_OR_NULL,
    client_json,
    page,
    ref,
    whole,
)
from sso_center.services import Services

MAX_PAGE = 500

_SETTINGS: dict[str, Any] = {
    **REGISTRATION,
    "id_token_alg": text(enum=list(ID_TOKEN_ALGORITHMS), description="ES256."),
    "access_token_format": text(enum=list(ACCESS_TOKEN_FORMATS)),
    "grant_types": {**REGISTRATION["grant_types"], "items": text(enum=list(GRANT_TYPES))},
}
_FIXED = ("client_id", "is_public", "protocol")
_CHANGE = {
    **members(**{name: schema for name, schema in _SETTINGS.items() if name not in _FIXED}),
    "minProperties": 1,
}
_ONCE = "The secret, which is told only now; null for a public client, which has none."
_REGISTERED = whole(client=ref("Client"), client_secret={**TEXT_OR_NULL, "description": _ONCE})
_TRIED = whole(is_confirmed=FLAG, status=COUNT_OR_NULL, took_ms=COUNT, error=TEXT_OR_NULL)


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    clients, acts = services.clients, services.administration.clients

    def find(asked: AdminRequest) -> dict[str, Any]:
        limit, after = asked.query.get("limit", 100), asked.query.get("cursor", "")
        found = [client for client in clients.list() if client.client_id > after]
        following = found[limit - 1].client_id if len(found) > limit else None
        return {"clients": [client_json(client) for client in found[:limit]], "next": following}

    def register(asked: AdminRequest) -> dict[str, Any]:
        client, secret = acts.register(asked.actor, **{"id_token_alg": "ES256", **asked.body})
        return {"client": client_json(client), "client_secret": secret}

    def probe(asked: AdminRequest) -> dict[str, Any]:
        receipt = acts.try_logout(asked.actor, asked.id)
        return {
            "is_confirmed": receipt.is_confirmed,
            "status": receipt.status,
            "took_ms": receipt.took,
            "error": receipt.error or None,
        }

    return (
        Route(
            "GET",
            "/clients",
            "listClients",
            "List the registered clients by their ids.",
            find,
            page("clients", ref("Client")),
            query={"cursor": text(), "limit": number(1, MAX_PAGE, description="100.")},
        ),
        Route(
            "POST",
            "/clients",
            "registerClient",
            "Register a client.",
            register,
            _REGISTERED,
            status=201,
            body=members(("client_id",), **_SETTINGS),
            refusals=(409,),
        ),
        Route(
            "GET",
            "/clients/{client_id}",
            "showClient",
            "Show a client.",
            lambda asked: client_json(clients.get(asked.id)),
            CLIENT,
            refusals=(404,),
        ),
        Route(
            "PATCH",
            "/clients/{client_id}",
            "updateClient",
            "Change what is given of a client, at once; a list replaces the whole list.",
            lambda asked: client_json(acts.change(asked.actor, asked.id, **asked.body)),
            CLIENT,
            body=_CHANGE,
            refusals=(404,),
        ),
        Route(
            "DELETE",
            "/clients/{client_id}",
            "removeClient",
            "Remove a client and all it was given; its walk is told by its number.",
            lambda asked: {"number": acts.remove(asked.actor, asked.id).number},
            whole(number=COUNT),
            refusals=(404,),
        ),
        Route(
            "POST",
            "/clients/{client_id}/secret",
            "rotateSecret",
            "Give a client another secret, and refuse the old one at once.",
            lambda asked: {
                "client_id": asked.id,
                "client_secret": acts.rotate_secret(asked.actor, asked.id),
            },
            whole(client_id=TEXT, client_secret={**TEXT, "description": "Told only now."}),
            refusals=(404,),
        ),
        Route(
            "POST",
            "/clients/{client_id}/try-logout",
            "tryLogout",
            "Send a logout token that ends nothing to the client's address, and say what came of it.",
            probe,
            _TRIED,
            refusals=(404,),
        ),
    )
