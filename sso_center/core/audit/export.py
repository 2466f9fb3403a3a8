"""The export of the audit log: CSV for spreadsheets, and JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sso_center.core.audit.search import LoggedEvent

COLUMNS = ("time", "id", *(field.name for field in fields(LoggedEvent) if field.name != "id"))

# What a spreadsheet reads as a formula, also after a tab or a line's end: browsers send any name they like.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(batches: Iterable[Sequence[LoggedEvent]], *, has_head: bool = True) -> Iterator[str]:
    """Yield each batch as lines of CSV (RFC 4180), with a line of names before the first.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    if has_head:
        yield _lines([COLUMNS])
    for batch in batches:
        yield _lines([_cells(event) for event in batch])


def as_json_lines(batches: Iterable[Sequence[LoggedEvent]]) -> Iterator[str]:
    """Yield each batch as JSON Lines: one event a line."""
    for batch in batches:
        yield "".join(json.dumps(as_json(event), ensure_ascii=False) + "\n" for event in batch)


def as_json(event: LoggedEvent) -> dict[str, Any]:
    """Return an event as written in JSON; `time` is `at` in readable form, in UTC (RFC 3339)."""
    values = {"time": _time(event.at), **vars(event)}
    return {name: values[name] for name in COLUMNS}


def _cells(event: LoggedEvent) -> list[str]:
    values = as_json(event)
    values["detail"] = json.dumps(event.detail, ensure_ascii=False) if event.detail else ""
    return [_harmless("" if value is None else str(value)) for value in values.values()]


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _lines(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
