"""`sso-center audit`, and finding sessions by where they were opened from."""

import csv
import io
import json
import secrets

import pytest

from sso_center.base.actor import Actor, Origin
from sso_center.core.audit import Tag
from tests.harness.browser import Browser
from tests.harness.center import Center, Person


@pytest.fixture
def watched(center: Center) -> Person:
    """Somebody of whom the log holds two events."""
    person = center.add_person()
    for tag, actor in ((Tag.USER_ADDED, "cli"), (Tag.USER_CHANGED, "client:robot")):
        center.services.audit.record(tag, Actor(actor, Origin("192.0.2.9", "=1+1")), sub=person.sub)
    return person


def test_events_are_listed_by_what_is_wanted_of_them(center: Center, watched: Person) -> None:
    listed = json.loads(center.run("audit", "list", "--user", watched.username, "--json").stdout)
    assert [event["actor"] for event in listed] == ["client:robot", "cli"]
    one = center.run("audit", "list", "--user", watched.sub, "--tag", "admin:user:", "--count", "1").stdout
    assert one.splitlines()[1].split()[2:] == [
        "admin:user:change",
        watched.sub,
        "client:robot",
        "192.0.2.9",
    ]
    none = center.run("audit", "list", "--user", watched.username, "--since", "2999-01-01").stdout
    assert none == "Nothing.\n"


def test_an_export_is_csv_that_runs_nothing_or_json_lines(center: Center, watched: Person) -> None:
    text = center.run("audit", "export", "--user", watched.username).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["actor"], row["user_agent"]) for row in rows] == [
        ("client:robot", "'=1+1"),
        ("cli", "'=1+1"),
    ]
    lines = center.run(
        "audit", "export", "--format", "jsonl", "--user", watched.username, "--until", "2999-01-01T00:00:00Z"
    ).stdout.splitlines()
    assert [json.loads(line)["user_agent"] for line in lines] == ["=1+1"] * 2


def test_sessions_are_found_by_the_address_they_were_opened_from(center: Center, browser: Browser) -> None:
    signed_in = center.add_site(f"site-{secrets.token_hex(4)}").sign_in(browser, center.add_person())
    here = json.loads(center.run("sessions", "list", "--address", "127.0.0.1", "--json").stdout)
    assert signed_in.sid in [session["sid"] for session in here]
    assert center.run("sessions", "list", "--address", "192.0.2.77").stdout == "No session is open.\n"
