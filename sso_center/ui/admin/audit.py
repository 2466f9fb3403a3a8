"""/admin/audit: the audit log with a filter, and the same for other programs as CSV or JSON Lines."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, flash, request

from sso_center.base.errors import Invalid
from sso_center.base.urls import with_query
from sso_center.core.audit import AuditFilter, LoggedEvent, Tag, as_csv, as_json_lines
from sso_center.services import Services
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.lookup import sub_called
from sso_center.web.language import gettext
from sso_center.web.pages import go, render

PAGE = 25
FIELDS = ("user", "client", "tag", "actor", "address", "since", "until", "text")

MAX_EXPORTED = 50_000
"""Events in one file: it is made in memory."""

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the log and its exports."""

    @routes.get("/audit")
    def audit() -> Response:
        asked = _asked()
        page = services.audit_log.find(
            _filter(services, asked), cursor=request.args.get("cursor"), limit=PAGE
        )
        kept = {field: value or None for field, value in asked.items()}
        return render(
            "admin/audit.html",
            asked=asked,
            page=page,
            tags=[str(tag) for tag in Tag],
            first=with_query("/admin/audit", **kept) if request.args.get("cursor") else None,
            following=with_query("/admin/audit", **kept, cursor=page.next) if page.next else None,
            exports={kind: with_query(f"/admin/audit.{kind}", **kept) for kind in FORMATS},
        )

    @routes.get("/audit.csv")
    def audit_csv() -> Response:
        return _export(services, "csv")

    @routes.get("/audit.jsonl")
    def audit_jsonl() -> Response:
        return _export(services, "jsonl")


def _asked() -> dict[str, str]:
    return {field: request.args.get(field, "").strip() for field in FIELDS}


def _filter(services: Services, asked: dict[str, str]) -> AuditFilter:
    """Return what is looked for; raises Invalid for days that are none."""
    return AuditFilter(
        sub=_sub(services, asked["user"]),
        actor=_sub(services, asked["actor"]),
        client_id=asked["client"] or None,
        tag=asked["tag"] or None,
        address=asked["address"] or None,
        text=asked["text"] or None,
        since=_day(asked["since"]),
        until=_day(asked["until"], days_later=1),
    )


def _sub(services: Services, name: str) -> str | None:
    # A name that nobody has finds nothing, rather than everything. It may be of somebody who was removed.
    return (sub_called(services, name) or name) if name else None


def _day(text: str, *, days_later: int = 0) -> int | None:
    """Return when a day begins (ms, UTC), or one after it; raises Invalid."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        raise Invalid(gettext("A day is written like 2026-11-28."), field="since") from None
    return int(day.timestamp() * 1000)


def _export(services: Services, kind: str) -> Response:
    asked = _asked()
    wanted = _filter(services, asked)
    events = list(_at_most(MAX_EXPORTED, services.audit_log.every(wanted)))
    if sum(map(len, events)) > MAX_EXPORTED:
        flash(gettext("That is too much for one file. Please choose fewer days."), "problem")
        return go(with_query("/admin/audit", **{field: value or None for field, value in asked.items()}))
    services.administration.log.export(acting(), kind, wanted)
    text = as_csv(events) if kind == "csv" else as_json_lines(events)
    response = Response("".join(text), content_type=FORMATS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
    return response


def _at_most(count: int, batches: Iterable[Sequence[LoggedEvent]]) -> Iterator[Sequence[LoggedEvent]]:
    """Yield batches until they hold more than `count` events, which the caller then refuses."""
    so_far = 0
    for batch in batches:
        yield batch
        so_far += len(batch)
        if so_far > count:
            return
