"""/audit: what happened, to look through and to take out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sso_center.core.audit import AuditFilter, AuditPage, as_csv, as_json, as_json_lines
from sso_center.core.audit.search import MAX_PAGE, MAX_WORDS
from sso_center.protocols.admin.presence import MAX_AT
from sso_center.protocols.admin.route import BASE, AdminRequest, Route
from sso_center.protocols.admin.schema import Schema, number, text
from sso_center.protocols.admin.shapes import MS_OR_NULL, page, ref
from sso_center.protocols.api import NOT_STORED, Answer
from sso_center.services import Services

EXPORTED = 5000
"""Events that one answer of the export holds at most."""

MAX_LOOKS = 20
"""Pages that one answer of the export is made of at most."""

_FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}

_FILTERS: Mapping[str, Schema] = {
    "user": text(description="The `sub` of a user."),
    "client": text(description="A client's id."),
    "sid": text(),
    "tag": text(description="One tag, or the beginning of several up to a colon, such as `admin:`."),
    "actor": text(description="A `sub`, `client:<id>`, `cli` or `center`."),
    "address": text(),
    "since": number(0, MAX_AT, description="Milliseconds since 1970."),
    "until": number(0, MAX_AT, description="Milliseconds since 1970; not that instant itself."),
    "text": text(maxLength=MAX_WORDS, description="Stands anywhere in an event, in whatever case."),
    "cursor": text(),
}


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""
    log = services.audit_log

    def find(asked: AdminRequest) -> dict[str, Any]:
        found = log.find(
            _wanted(asked.query), cursor=asked.query.get("cursor"), limit=asked.query.get("limit", 50)
        )
        events = [as_json(event) for event in found.events]
        return {"events": events, "next": found.next, "reached": found.reached}

    def pages(asked: AdminRequest) -> Iterator[AuditPage]:
        cursor, left = asked.query.get("cursor"), asked.query.get("limit", EXPORTED)
        for _ in range(MAX_LOOKS):
            found = log.find(_wanted(asked.query), cursor=cursor, limit=min(left, MAX_PAGE))
            yield found
            cursor, left = found.next, left - len(found.events)
            if cursor is None or not left:
                return

    def export(asked: AdminRequest) -> Answer:
        kind = asked.query.get("format", "jsonl")
        services.administration.log.export(asked.actor, kind, _wanted(asked.query))
        looked = list(pages(asked))
        batches = [found.events for found in looked]
        lines = (
            as_csv(batches, has_head="cursor" not in asked.query) if kind == "csv" else as_json_lines(batches)
        )
        headers = [("Content-Type", _FORMATS[kind]), *NOT_STORED]
        if looked[-1].next is not None:
            following = urlencode({**asked.query, "cursor": looked[-1].next})
            headers.append(("Link", f'<{BASE}/audit/export?{following}>; rel="next"'))
        return Answer(200, tuple(headers), "".join(lines).encode())

    return (
        Route(
            "GET",
            "/audit",
            "findEvents",
            "Find events, the newest first. A page may be empty and have a next: see `reached`.",
            find,
            page("events", ref("Event"), reached=MS_OR_NULL),
            query={**_FILTERS, "limit": number(1, MAX_PAGE, description="50.")},
        ),
        Route(
            "GET",
            "/audit/export",
            "exportEvents",
            "Take events out as CSV or JSON Lines; more of them are where the header Link says.",
            export,
            {"type": "string"},
            query={
                **_FILTERS,
                "format": text(enum=list(_FORMATS)),
                "limit": number(1, EXPORTED, description=f"{EXPORTED}."),
            },
            media=("text/csv", "application/jsonl"),
        ),
    )


def _wanted(query: Mapping[str, Any]) -> AuditFilter:
    return AuditFilter(
        sub=query.get("user"),
        client_id=query.get("client"),
        sid=query.get("sid"),
        tag=query.get("tag"),
        actor=query.get("actor"),
        address=query.get("address"),
        since=query.get("since"),
        until=query.get("until"),
        text=query.get("text"),
    )
