"""Dispatch of a route: authenticate the client, read its request, and answer or refuse."""

import json
from collections.abc import Mapping
from typing import Any

from sso_center.base.actor import Actor, Origin
from sso_center.base.errors import Conflict, Invalid, NotFound
from sso_center.core.clients import ADMIN_SCOPE, Client
from sso_center.core.sessions import MAX_USER_AGENT
from sso_center.protocols.active_token import find_active
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import Schema, check
from sso_center.protocols.api import PRIVATE_JSON, Answer, Call, Handler, json_answer
from sso_center.protocols.api_errors import (
    InsufficientScope,
    InvalidMember,
    InvalidRequest,
    InvalidToken,
    MissingToken,
    ResourceConflict,
    ResourceNotFound,
)
from sso_center.protocols.parameters import parse
from sso_center.services import Services
from sso_center.web.logging import request_id


def handler(services: Services, routes: Mapping[str, Route]) -> Handler:
    """Return the endpoint of one path, whose routes are given by method."""

    def serve(call: Call) -> Answer:
        route = routes["GET" if call.method == "HEAD" else call.method]
        client = _admin(services, call)
        try:
            return _answer(route, route.handler(_asked(route, call, client)))
        except NotFound as missing:
            raise ResourceNotFound(missing.message, detail=missing.detail) from missing
        except Conflict as clash:
            raise ResourceConflict(clash.message, detail=clash.detail) from clash
        except Invalid as bad:
            raise InvalidMember(bad.message, field=bad.field, detail=bad.detail) from bad

    return serve


def _admin(services: Services, call: Call) -> Client:
    """Return the client that asks, by a token of its own (RFC 6750 section 2.1).

    A token that has a person in it, or that is for somebody else too, is refused whatever its scope is:
    whoever it was shown to could present it here.
    """
    token = call.bearer()
    if token is None:
        raise MissingToken
    active = find_active(services, token)
    client = services.clients.find(active.client_id) if active is not None else None
    if active is None or client is None or active.kind != "access":
        raise InvalidToken
    is_its_own = active.user is None and active.sid is None and active.audience == (client.client_id,)
    if not is_its_own or client.is_public or ADMIN_SCOPE not in active.scope:
        raise InsufficientScope(ADMIN_SCOPE)
    return client


def _asked(route: Route, call: Call, client: Client) -> AdminRequest:
    origin = Origin(call.address, call.header("User-Agent")[:MAX_USER_AGENT], request_id.get())
    return AdminRequest(
        actor=Actor(f"client:{client.client_id}", origin),
        id=call.parameter,
        query=_query(route, call.query),
        body=_body(route.body, call),
    )


def _query(route: Route, raw: str) -> dict[str, Any]:
    if not raw.isascii():
        raise InvalidRequest("The query is not well formed.")
    sent = parse(raw)
    if sent.broken:
        name = next(iter(sent.broken))
        raise InvalidMember(sent.problem, field=name[:50])
    found: dict[str, Any] = {}
    for name, value in sent.values.items():
        if name not in route.query:
            known = ", ".join(route.query) or "none"
            raise InvalidMember(f"{name[:50]!r} is no parameter here; there are: {known}.", field=name[:50])
        found[name] = _typed(value, route.query[name])
        check(found[name], route.query[name], name)
    return found


def _typed(value: str, schema: Schema) -> Any:
    if schema["type"] == "integer" and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    if schema["type"] == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _body(schema: Schema | None, call: Call) -> dict[str, Any]:
    if not call.body:
        content: Any = {}
    elif schema is None:
        raise InvalidRequest("This takes no body.")
    elif call.content_type != "application/json":
        raise InvalidRequest("Send JSON, as application/json.")
    else:
        content = _read_json(call.body)
    if schema is not None:
        check(content, schema)
    return dict(content)


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as bad:
        raise InvalidRequest("The body is not JSON.") from bad


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Two readers could take different ones of them.
        raise InvalidRequest("A member stands in the body twice.")
    return found


def _refuse(_constant: str) -> Any:
    raise ValueError("not JSON")


def _answer(route: Route, said: Any) -> Answer:
    if isinstance(said, Answer):
        return said
    if route.answer is None:
        return Answer(route.status, PRIVATE_JSON[1:], b"")
    return json_answer(said, route.status)
