"""Finding events in the audit log, and taking them out of it."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from sso_center.base.actor import Actor, Origin
from sso_center.base.errors import Invalid
from sso_center.core.audit import AuditFilter, LoggedEvent, Tag
from sso_center.core.audit.export import as_csv, as_json_lines
from sso_center.services import Services
from sso_center.storage.schema import audit
from tests.harness.core import SECOND, Time

Record = Callable[..., int]


@pytest.fixture
def record(services: Services, time: Time) -> Record:
    """Write an event a second after the one before; returns its instant. The log is empty to begin with."""
    with services.database.write() as connection:
        connection.execute(delete(audit))

    def write(
        tag: Tag = Tag.USER_ADDED, *, actor: str = "", address: str = "", user_agent: str = "", **fields: Any
    ) -> int:
        time.move(SECOND)
        services.audit.record(tag, Actor(actor, Origin(address, user_agent)), **fields)
        return time.now

    return write


def found(services: Services, limit: int = 50, **wanted: Any) -> list[LoggedEvent]:
    asked, events, cursor = AuditFilter(**wanted), [], None
    while True:
        page = services.audit_log.find(asked, cursor=cursor, limit=limit)
        events += page.events
        cursor = page.next
        if cursor is None:
            return events


def test_the_newest_come_first_and_each_once(services: Services, record: Record) -> None:
    at = [record() for _ in range(11)]
    for limit in (1, 4, 11, 50):
        assert [event.at for event in found(services, limit)] == at[::-1]


def test_events_of_one_instant_are_each_found_once(services: Services, record: Record, time: Time) -> None:
    for _ in range(7):
        time.move(-SECOND)
        record()
    assert len({event.id for event in found(services, 2)}) == len(found(services, 2)) == 7


def test_new_events_move_no_page_of_the_audit_log(services: Services, record: Record) -> None:
    at = [record() for _ in range(4)]
    first = services.audit_log.find(AuditFilter(), limit=2)
    record()
    rest = services.audit_log.find(AuditFilter(), limit=2, cursor=first.next)
    assert [event.at for event in rest.events] == [at[1], at[0]]
    assert (rest.next, rest.reached) == (None, None)


@pytest.mark.parametrize(
    "wanted",
    [
        {"sub": "u1"},
        {"client_id": "shop"},
        {"sid": "00abc"},
        {"address": "192.0.2.9"},
        {"actor": "client:robot"},
        {"tag": "admin:keys:rotate"},
        {"tag": "admin:keys:"},
        {"text": "ROTAT"},
        {"text": "purpose"},
        {"text": "firef_x"},
        {"sub": "u1", "client_id": "shop", "sid": "00abc", "actor": "client:robot", "text": "u1"},
    ],
    ids=str,
)
def test_each_audit_filter_finds_its_events(
    services: Services, record: Record, wanted: dict[str, str]
) -> None:
    record(sub="u2", client_id="forum", sid="00other", address="192.0.2.8", actor="cli", user_agent="Firefox")
    meant = record(
        Tag.KEYS_ROTATED,
        sub="u1",
        client_id="shop",
        sid="00abc",
        address="192.0.2.9",
        actor="client:robot",
        user_agent="Firef_x",
        detail={"purpose": "all"},
    )
    record()
    assert [event.at for event in found(services, 1, **wanted)] == [meant]


def test_a_time_range_holds_its_beginning_and_not_its_end(services: Services, record: Record) -> None:
    at = [record() for _ in range(5)]
    assert [event.at for event in found(services, since=at[1], until=at[3])] == [at[2], at[1]]


def test_a_search_that_no_index_helps_looks_at_so_many_and_goes_on(
    services: Services, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_center.core.audit.search.LOOKED_AT_ONCE", 3)
    meant = record(actor="client:robot")
    others = [record() for _ in range(7)]
    first = services.audit_log.find(AuditFilter(actor="client:robot"))
    assert (first.events, first.reached) == ((), others[4])
    assert [event.at for event in found(services, actor="client:robot")] == [meant]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "1.2.3", "-1.2"])
def test_a_cursor_that_is_none_is_refused(services: Services, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.audit_log.find(AuditFilter(), cursor=cursor)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize(("field", "options"), [("limit", {"limit": 0}), ("limit", {"limit": 501})])
def test_a_limit_out_of_range_is_refused(services: Services, field: str, options: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refused:
        services.audit_log.find(AuditFilter(), **options)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_text_too_long_is_refused(services: Services) -> None:
    with pytest.raises(Invalid) as refused:
        services.audit_log.find(AuditFilter(text="x" * 101))
    assert refused.value.field == "text"


def test_csv_holds_every_event_and_a_spreadsheet_runs_none_of_it(services: Services, record: Record) -> None:
    for name in ('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "plain, with a comma"):
        record(user_agent=name, detail={"roles": ["a"]})
    text = "".join(as_csv(services.audit_log.every(AuditFilter())))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["user_agent"] for row in rows][::-1] == [
        '\'=HYPERLINK("http://x")',
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\t=1",
        "plain, with a comma",
    ]
    assert rows[0]["detail"] == '{"roles": ["a"]}'
    assert rows[0]["time"].endswith("Z")


def test_json_lines_hold_every_event_as_it_is(services: Services, record: Record) -> None:
    at = [record(sub="u1", user_agent="=1", detail={"roles": ["a"]}) for _ in range(3)]
    lines = "".join(as_json_lines(services.audit_log.every(AuditFilter()))).splitlines()
    read = [json.loads(line) for line in lines]
    assert [event["at"] for event in read] == at[::-1]
    assert (read[0]["user_agent"], read[0]["detail"], read[0]["client_id"]) == ("=1", {"roles": ["a"]}, None)


def test_an_export_takes_some_hundred_at_a_time(services: Services, record: Record) -> None:
    now = record()
    with services.database.write() as connection:
        connection.execute(
            audit.insert(), [{"at": now - number, "tag": "x", "detail": {}} for number in range(1100)]
        )
    assert [len(batch) for batch in services.audit_log.every(AuditFilter())] == [500, 500, 101]
