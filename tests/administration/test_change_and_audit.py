"""A change and its audit entry are one transaction, and the entry is the same by whatever surface it came."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sso_center.storage.schema import audit
from tests.administration.acts import ACTS, PASSWORD, SURFACES, Act, Refused, Scene, Target, surfaces_of
from tests.harness.browser import Browser
from tests.harness.waiting import eventually

BY_SURFACE = [
    pytest.param(act, surface, id=f"{name}-{surface}")
    for name, act in ACTS.items()
    for surface in surfaces_of(act)
]


@contextmanager
def audit_refusing(scene: Scene, tag: str) -> Iterator[None]:
    """Make the audit log refuse every entry of a kind, as a trigger of an archive that is full would."""
    refuse = f"WHEN NEW.tag = '{tag}' BEGIN SELECT RAISE(ABORT, 'it is full'); END"
    _execute(scene, f"CREATE TRIGGER refuse BEFORE INSERT ON audit {refuse}")
    try:
        yield
    finally:
        _execute(scene, "DROP TRIGGER refuse")


def _execute(scene: Scene, statement: str) -> None:
    with closing(sqlite3.connect(scene.center.data_dir / "center.db", timeout=30)) as database:
        database.execute(statement)
        database.commit()


def entries_since(scene: Scene, last: int, tag: str) -> list[Any]:
    with scene.center.services.database.read() as connection:
        rows = connection.execute(
            select(audit).where(audit.c.id > last, audit.c.tag == tag).order_by(audit.c.id)
        )
        return list(rows)


def last_entry(scene: Scene) -> int:
    with scene.center.services.database.read() as connection:
        return connection.scalar(select(audit.c.id).order_by(audit.c.id.desc()).limit(1)) or 0


@pytest.mark.parametrize(("act", "surface"), BY_SURFACE)
def test_an_act_that_the_audit_log_refuses_changes_nothing_and_works_when_repeated(
    scene: Scene, act: Act, surface: str
) -> None:
    target = act.prepare(scene)
    before, last = act.stored(scene, target), last_entry(scene)
    with audit_refusing(scene, act.tag), pytest.raises(Refused):
        SURFACES[surface](scene, act, target)
    assert act.stored(scene, target) == before
    if act is ACTS["end_everyone"]:
        # A cut-off counts before it is recorded: who asked is out as well.
        scene.sign_in_boss()
        scene.robot.renew()
    if act is ACTS["end_session"] and surface == "console":
        # A session is closed before it is recorded: its page is gone, and the courier records it.
        scene.center.move_clock(60)
        eventually(lambda: act.stored(scene, target) != before)
    else:
        SURFACES[surface](scene, act, target)
    assert act.stored(scene, target) != before
    assert len(entries_since(scene, last, act.tag)) == 1


@pytest.mark.parametrize("act", [pytest.param(act, id=name) for name, act in ACTS.items()])
def test_an_act_leaves_the_same_audit_entry_by_every_surface(scene: Scene, act: Act) -> None:
    told = {}
    for surface in surfaces_of(act):
        target, last = act.prepare(scene), last_entry(scene)
        if surface == "api":
            scene.robot.renew()
        SURFACES[surface](scene, act, target)
        [entry] = entries_since(scene, last, act.tag)
        assert (entry.actor, entry.address) == {
            "console": (scene.boss, "127.0.0.1"),
            "api": ("client:robot", "127.0.0.1"),
            "cli": ("cli", ""),
        }[surface]
        assert bool(entry.request_id) == (surface != "cli")
        told[surface] = said(entry, target)
    assert len(set(told.values())) == 1, told


def said(entry: Any, target: Target) -> str:
    """Return what an entry says but for who did it, with what the act is about called by one name."""
    place = [name for name in ("sub", "client_id", "sid") if getattr(entry, name)]
    about = json.dumps([place, entry.detail], sort_keys=True)
    for value in filter(None, (target.id, target.name)):
        about = about.replace(value, "TARGET")
    return re.sub(r"site-[0-9a-f]{10}|\d+", "VARIES", about)


def test_a_repeated_act_that_changes_nothing_is_not_recorded(scene: Scene) -> None:
    for name in ("set_roles", "change_user", "disable_user", "change_client"):
        act = ACTS[name]
        target = act.prepare(scene)
        SURFACES["api"](scene, act, target)
        stored, last = act.stored(scene, target), last_entry(scene)
        for surface in surfaces_of(act):
            if surface != "console" or act.console[1] is None:  # its form says that nothing is different
                SURFACES[surface](scene, act, target)
        assert act.stored(scene, target) == stored
        assert entries_since(scene, last, act.tag) == []


def test_names_and_roles_change_in_one_entry(scene: Scene) -> None:
    act = ACTS["change_user"]
    target, last = act.prepare(scene), last_entry(scene)
    version = act.stored(scene, target).version
    SURFACES["console"](scene, act, target)
    assert act.stored(scene, target).version == version + 1
    [entry] = entries_since(scene, last, act.tag)
    assert entry.detail == {"changed": ["email", "name", "roles"], "roles": ["staff"]}


def test_an_import_says_that_it_was_one(scene: Scene, tmp_path: Path) -> None:
    last, name = last_entry(scene), f"imported-{scene.boss}".lower()
    file = tmp_path / "people.jsonl"
    file.write_text(json.dumps({"username": name, "roles": ["staff"]}))
    with audit_refusing(scene, "admin:user:add"):
        assert scene.center.run("users", "import", str(file), check=False).returncode == 2
    assert scene.center.services.users.find(name) is None
    assert scene.center.run("users", "import", str(file)).stdout == "1 added, 0 not.\n"
    [entry] = entries_since(scene, last, "admin:user:add")
    assert (entry.actor, entry.detail) == ("cli", {"roles": ["staff"], "by": "import"})


def test_events_that_are_taken_out_are_noted_by_every_surface(scene: Scene) -> None:
    last = last_entry(scene)
    scene.browser.get(scene.center.url("/admin/audit.csv?tag=admin:"))
    scene.robot.ask("GET", "/audit/export", tag="admin:", format="csv")
    scene.center.run("audit", "export", "--tag", "admin:")
    entries = entries_since(scene, last, "admin:audit:export")
    assert [entry.actor for entry in entries] == [scene.boss, "client:robot", "cli"]
    assert {json.dumps(entry.detail) for entry in entries} == {'{"format": "csv", "tag": "admin:"}'}


def test_a_tried_logout_address_is_noted_by_every_surface(scene: Scene) -> None:
    client_id, last = scene.center.add_site().client_id, last_entry(scene)
    page = scene.browser.get(scene.center.url(f"/admin/clients/{client_id}/try"))
    assert scene.browser.submit(page, "confirm").status == 200
    scene.robot.ask("POST", f"/clients/{client_id}/try-logout")
    assert scene.center.run("clients", "try-logout", client_id, check=False).returncode == 1
    entries = entries_since(scene, last, "admin:client:try")
    assert [entry.actor for entry in entries] == [scene.boss, "client:robot", "cli"]
    assert {entry.detail["confirmed"] for entry in entries} == {False}


def test_what_people_change_of_their_own_is_not_there_without_its_audit_entry(scene: Scene) -> None:
    center, browser = scene.center, Browser()
    someone = center.add_person()
    browser.log_in(browser.get(center.url("/login")), someone.username, someone.password)
    fields = {"current": someone.password, "new": PASSWORD, "repeat": PASSWORD}
    users = center.services.users
    with audit_refusing(scene, "account:password:change"):
        page = browser.submit(browser.get(center.url("/account/password")), "new", **fields)
    assert page.status == 503
    assert users.authenticate(someone.username, someone.password) is not None
    assert browser.submit(browser.get(center.url("/account/password")), "new", **fields).status == 303
    assert users.authenticate(someone.username, PASSWORD) is not None

    partner = center.add_site(is_third_party=True)
    question = browser.follow(partner.visit(browser), stop_at=partner.redirect_uri)
    with audit_refusing(scene, "account:consent:grant"):
        assert browser.submit(question, "decision", decision="allow").status == 503
    assert users.get(someone.sub).consents == ()
    page = browser.submit(question, "decision", decision="allow")
    assert browser.follow(page, stop_at=partner.redirect_uri).location.startswith(partner.redirect_uri)
    assert users.get(someone.sub).consent_to(partner.client_id) is not None
    browser.close()
