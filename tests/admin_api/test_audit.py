"""The audit log by the API."""

import csv
import io
import json
import secrets

import pytest

from sso_center.base.actor import Actor, Origin
from sso_center.core.audit import Tag
from tests.admin_api.robot import BASE, Robot
from tests.harness.center import Center


@pytest.fixture
def sub(admin_center: Center) -> str:
    """Somebody of whom the log holds five events."""
    sub = f"u{secrets.token_hex(5)}"
    for number in range(5):
        admin_center.services.audit.record(
            Tag.LOGIN_FAILED, Actor(sub, Origin("192.0.2.9", f"=cmd|{number}")), sub=sub
        )
    return sub


def test_events_are_found_by_what_is_wanted_of_them(robot: Robot, sub: str) -> None:
    events = robot.pages("/audit", "events", user=sub, limit=2)
    assert [event["user_agent"] for event in events] == [f"=cmd|{number}" for number in (4, 3, 2, 1, 0)]
    assert {event["tag"] for event in events} == {"login:password:fail"}
    for query in ({"tag": "login:"}, {"actor": sub}, {"text": "CMD|"}, {"address": "192.0.2.9"}):
        assert len(robot.pages("/audit", "events", user=sub, **query)) == 5
    at = events[2]["at"]
    assert len(robot.pages("/audit", "events", user=sub, since=at)) >= 3
    assert robot.get("/audit", user=sub, until=events[-1]["at"])["events"] == []


def test_a_cursor_that_is_none_is_refused(robot: Robot) -> None:
    assert robot.refused("GET", "/audit", cursor="x")["field"] == "cursor"
    assert robot.refused("GET", "/audit/export", cursor="x")["field"] == "cursor"
    assert robot.refused("GET", "/audit/export", format="xml")["field"] == "format"
    assert robot.refused("GET", "/audit", text="x" * 101)["field"] == "text"


def test_an_export_goes_on_where_its_link_says(robot: Robot, sub: str) -> None:
    answer = robot.ask("GET", "/audit/export", user=sub, limit=2)
    lines = answer.text
    while "Link" in answer.headers:
        target = answer.links["next"]["url"].removeprefix(BASE)
        answer = robot.center.http.get(
            robot.center.url(BASE + target), headers={"Authorization": f"Bearer {robot.token}"}, timeout=60
        )
        lines += answer.text
    events = [json.loads(line) for line in lines.splitlines()]
    assert [event["user_agent"] for event in events] == [f"=cmd|{number}" for number in (4, 3, 2, 1, 0)]
    schema = robot.document.content["components"]["schemas"]["Event"]
    for event in events:
        robot.document.validate(event, schema)


def test_an_export_as_csv_runs_nothing_in_a_spreadsheet(robot: Robot, sub: str) -> None:
    answer = robot.ask("GET", "/audit/export", user=sub, format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["user_agent"] for row in rows] == [f"'=cmd|{number}" for number in (4, 3, 2, 1, 0)]
    first = robot.ask("GET", "/audit/export", user=sub, format="csv", limit=2)
    rest = robot.ask(
        "GET",
        "/audit/export",
        user=sub,
        format="csv",
        cursor=first.links["next"]["url"].rpartition("cursor=")[2],
    )
    assert first.text + rest.text == answer.text
