"""What the API says of things, and the schemas of it: each noun once, for answers and document."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

from sso_center.base.profile import ProfileTable
from sso_center.core.clients import Client, Registration
from sso_center.core.journal import CutoffJob
from sso_center.core.keys.ring import StoredKey
from sso_center.core.notices import Counts, EndingSummary, SiteCounts, SiteReceipt
from sso_center.core.sessions import SessionView, Step
from sso_center.core.users import User
from sso_center.protocols.admin.schema import MAX_TEXT, Schema, settings

MS: Schema = {"type": "integer", "description": "Milliseconds since 1970."}
MS_OR_NULL: Schema = {"type": ["integer", "null"], "description": "Milliseconds since 1970."}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}


def whole(**properties: Schema) -> Schema:
    """Return the schema of an object of an answer, in which every member is always there."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """Return the schema that is kept under a name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def page(noun: str, of: Schema, **more: Schema) -> Schema:
    """Return the schema of a page: some of many, and the cursor of the next ones."""
    following = {
        **TEXT_OR_NULL,
        "description": "Send it as `cursor` for the next page; null when nothing is left.",
    }
    return whole(**{noun: {"type": "array", "items": of}, "next": following, **more})


# -- sessions


def session_json(view: SessionView, username: str) -> dict[str, Any]:
    """Return a session as the API tells it."""
    return {
        "sid": view.sid,
        "sub": view.sub,
        "username": username,
        "opened_at": view.opened_at,
        "seen_at": view.seen_at,
        "deadline": view.deadline,
        "address": view.address,
        "user_agent": view.user_agent,
        "kind": view.kind,
        "device_type": view.device_type,
        "clients": list(view.client_ids),
        "remembered": view.is_remembered,
    }


def step_json(step: Step) -> dict[str, Any]:
    """Return one use of a session; `client_id` is null for a login."""
    return {**dataclasses.asdict(step), "client_id": step.client_id or None}


SESSION = whole(
    sid=TEXT,
    sub=TEXT,
    username=TEXT,
    opened_at=MS,
    seen_at=MS,
    deadline=MS,
    address=TEXT,
    user_agent=TEXT,
    kind={"type": "string", "enum": ["browser", "app"]},
    device_type=TEXT,
    clients=TEXTS,
    remembered=FLAG,
)
STEP = whole(at=MS, client_id=TEXT_OR_NULL, address=TEXT_OR_NULL, user_agent=TEXT_OR_NULL)

# -- users


def user_json(user: User, table: ProfileTable) -> dict[str, Any]:
    """Return a user as the API tells them."""
    return {
        "sub": user.sub,
        "username": user.username,
        **table.values(user.profile),
        "roles": list(user.roles),
        "disabled": user.is_disabled,
        "must_change_password": user.must_change_password,
    }


def user_schema(table: ProfileTable) -> Schema:
    """Return the schema of a user."""
    flags = {"disabled": FLAG, "must_change_password": FLAG}
    return whole(sub=TEXT, username=TEXT, **profile_schemas(table), roles=TEXTS, **flags)


def profile_schemas(table: ProfileTable) -> dict[str, Schema]:
    """Return the schema of each field of a profile, by name."""
    return {name: {**field.kind.schema, "description": field.label} for name, field in table.stored.items()}


# -- clients


def client_json(client: Client) -> dict[str, Any]:
    """Return a client with all its settings; there is no secret among them, since it is not kept."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(client).items()
    }


def _plain(hint: Any, *, is_bounded: bool) -> dict[str, Any]:
    """Return the schema of a field of a client by its type; what is sent is bounded."""
    bounds: dict[str, Any] = {"maxLength": MAX_TEXT} if is_bounded else {}
    size: dict[str, Any] = {"maxItems": 100} if is_bounded else {}
    if hint is bool:
        return {"type": "boolean"}
    if hint is int:
        return {"type": "integer", "minimum": 0, "maximum": 10**15}
    if hint in (Sequence[str], tuple[str, ...]):
        return {"type": "array", "items": {"type": "string", **bounds}, **size}
    if type(None) in get_args(hint):
        return {"type": ["string", "null"], **bounds}
    return {"type": "string", **bounds}


def _fields(shape: type, *, is_bounded: bool) -> Mapping[str, dict[str, Any]]:
    hints = get_type_hints(shape)
    return {name: _plain(hint, is_bounded=is_bounded) for name, hint in hints.items()}


REGISTRATION = {**_fields(Registration, is_bounded=True), "protocol_settings": settings()}
"""The schema of each field with which a client may be registered."""

CLIENT = whole(
    **{
        **{
            name: schema
            for name, schema in _fields(Client, is_bounded=False).items()
            if name in vars(Client)["__dataclass_fields__"]
        },
        "protocol_settings": {"type": ["object", "null"]},
    }
)

# -- endings


def ending_json(ending: EndingSummary) -> dict[str, Any]:
    """Return an ending and how far the sites know of it."""
    return {
        "number": ending.number,
        "at": ending.at,
        "kind": ending.kind,
        "sub": ending.sub or None,
        "sid": ending.sid or None,
        "client_id": ending.client_id or None,
        "reason": ending.reason,
        "actor": ending.actor,
        "scope": ending.scope or None,
        "name": ending.name or None,
        "cause": ending.cause,
        "notices": counts_json(ending.counts),
    }


def counts_json(counts: Counts) -> dict[str, int]:
    """Return how many notices there are in each state."""
    return {**dataclasses.asdict(counts), "total": counts.total}


def site_counts_json(site: SiteCounts) -> dict[str, Any]:
    """Return how far one site knows of all that an ending took."""
    return {
        "client_id": site.client_id,
        "notices": counts_json(site.counts),
        "open": None if site.open is None else receipt_json(site.open),
    }


def receipt_json(receipt: SiteReceipt) -> dict[str, Any]:
    """Return what one site knows of one ending."""
    return {
        **dataclasses.asdict(receipt),
        "sid": receipt.sid or None,
        "last_error": receipt.last_error or None,
    }


def walk_json(walk: CutoffJob) -> dict[str, Any]:
    """Return how far the sessions of a cut-off are gone through."""
    return {
        "number": walk.number,
        "scope": walk.scope,
        "name": walk.name or None,
        "began_at": walk.began_at,
        "finished_at": walk.finished_at or None,
        "percent": walk.percent,
        "ended": walk.ended,
    }


COUNTS = whole(confirmed=COUNT, pending=COUNT, gave_up=COUNT, superseded=COUNT, shown=COUNT, total=COUNT)
ENDING = whole(
    number=COUNT,
    at=MS,
    kind=TEXT,
    sub=TEXT_OR_NULL,
    sid=TEXT_OR_NULL,
    client_id=TEXT_OR_NULL,
    reason=TEXT,
    actor=TEXT,
    scope=TEXT_OR_NULL,
    name=TEXT_OR_NULL,
    cause=COUNT_OR_NULL,
    notices=COUNTS,
)
RECEIPT = whole(
    client_id=TEXT,
    sid=TEXT_OR_NULL,
    sub=TEXT,
    state=TEXT,
    attempts=COUNT,
    took_ms=COUNT_OR_NULL,
    status=COUNT_OR_NULL,
    last_error=TEXT_OR_NULL,
    next_attempt_at=MS_OR_NULL,
    last_attempt_at=MS_OR_NULL,
    confirmed_at=MS_OR_NULL,
    created_at=MS,
)
SITE_COUNTS = whole(client_id=TEXT, notices=COUNTS, open={"anyOf": [ref("Receipt"), {"type": "null"}]})
WALK = whole(
    number=COUNT,
    scope=TEXT,
    name=TEXT_OR_NULL,
    began_at=MS,
    finished_at=MS_OR_NULL,
    percent=COUNT,
    ended=COUNT,
)

# -- keys


def key_json(key: StoredKey) -> dict[str, Any]:
    """Return a key and where it is in its life; never the key itself."""
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "state": key.state.value,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
    }


KEY = whole(kid=TEXT, purpose=TEXT, state=TEXT, created_at=MS, activated_at=MS_OR_NULL, retired_at=MS_OR_NULL)

# -- the audit log

EVENT = whole(
    time={"type": "string", "format": "date-time"},
    id=COUNT,
    at=MS,
    tag=TEXT,
    sub=TEXT_OR_NULL,
    client_id=TEXT_OR_NULL,
    sid=TEXT_OR_NULL,
    actor=TEXT,
    address=TEXT,
    user_agent=TEXT,
    request_id=TEXT,
    detail={"type": "object"},
)

COMPONENTS: Mapping[str, Schema] = {
    "Session": SESSION,
    "Step": STEP,
    "Client": CLIENT,
    "Ending": ENDING,
    "Receipt": RECEIPT,
    "SiteCounts": SITE_COUNTS,
    "Walk": WALK,
    "Key": KEY,
    "Event": EVENT,
}
