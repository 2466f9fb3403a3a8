"""`sso-center users`."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from sso_center.base.profile import ProfileTable
from tests.harness.browser import Browser
from tests.harness.center import ROOT, Center
from tests.harness.site import Site

GOOD = "correct horse battery"


def listed(center: Center) -> dict[str, dict]:
    return {person["username"]: person for person in json.loads(center.run("users", "list", "--json").stdout)}


def test_a_person_added_beside_a_running_center_can_sign_in(
    center: Center, site: Site, browser: Browser
) -> None:
    done = center.run(
        *("users", "add", "Cleo", "--email", "cleo@example.org", "--role", "staff", "--role", "admin"),
        *("--name", "Cleo 中", "--password-stdin"),
        stdin=GOOD + "\n",
    )
    printed = json.loads(done.stdout)
    sub = printed.pop("sub")
    assert sub.startswith("u")
    assert printed == {
        **ProfileTable().values({}),
        "username": "cleo",
        "name": "Cleo 中",
        "email": "cleo@example.org",
        "roles": ["admin", "staff"],
        "disabled": False,
        "must_change_password": False,
    }
    page = browser.log_in(site.visit(browser), "cleo", GOOD)
    assert browser.follow(page, stop_at=site.redirect_uri).location.startswith(site.redirect_uri)

    assert center.run("users", "add", "CLEO", "--password-stdin", stdin=GOOD, check=False).returncode == 1
    assert "cleo" in center.run("users", "list", "--role", "admin").stdout


def test_a_person_disabled_is_out_at_once_and_may_come_back(
    center: Center, site: Site, new_browser: Callable[[], Browser]
) -> None:
    person, browser = center.add_person(), new_browser()
    site.sign_in(browser, person)
    assert "signed out everywhere" in center.run("users", "disable", person.username).stdout
    assert "password" in site.visit(browser).form("password").names
    assert browser.log_in(site.visit(browser), person.username, person.password).status == 403
    assert center.services.sessions.of_user(person.sub) == []

    center.run("users", "enable", person.username)
    site.sign_in(browser, person)


def test_a_password_set_by_an_admin_ends_sessions_and_must_be_changed(
    center: Center, site: Site, browser: Browser
) -> None:
    person = center.add_person()
    site.sign_in(browser, person)
    center.run(
        "users", "set-password", person.sub, "--password-stdin", "--must-change", stdin="a new good one\r\n"
    )
    assert center.services.sessions.of_user(person.sub) == []
    assert center.services.users.authenticate(person.username, person.password) is None
    changed = center.services.users.authenticate(person.username, "a new good one")
    assert changed is not None
    assert changed.must_change_password


def test_roles_are_given_and_taken(center: Center) -> None:
    person = center.add_person(roles=["a", "b"])
    printed = json.loads(center.run("users", "roles", person.username, "--add", "c", "--remove", "a").stdout)
    assert printed["roles"] == ["b", "c"]
    assert center.services.users.get(person.sub).roles == ("b", "c")


def test_roles_are_set_as_a_whole(center: Center) -> None:
    person = center.add_person(roles=["a", "b"])
    printed = json.loads(
        center.run("users", "set-roles", person.username, "--role", "b", "--role", "c").stdout
    )
    assert printed["roles"] == ["b", "c"]
    assert center.services.users.get(person.sub).access_epoch == 1
    assert json.loads(center.run("users", "set-roles", person.username).stdout)["roles"] == []


def test_many_people_are_imported_and_the_bad_rows_named(center: Center, tmp_path: Path) -> None:
    hashed = PasswordHasher(1, 4096, 1).hash(GOOD)
    file = tmp_path / "people.csv"
    file.write_text(
        "username,name,email,roles,password,password_hash\n"
        f"imp-one,Imp One,one@example.org,staff; admin,{GOOD},\n"
        f'imp-two,"Two, Imp",,,,"{hashed}"\n'
        "imp-three,,not an address,,,\n"
        "imp-four,,,,short,\n"
        f"imp-one,,,,{GOOD},\n"
        f'imp-five,,,,{GOOD},"{hashed}"\n'
        ",,,,,\n"
        "imp-six,,,bad|role,,\n"
        "imp-seven,,,,,\n",
        encoding="utf-8-sig",
    )
    done = center.run("users", "import", str(file), check=False)
    assert done.returncode == 1
    assert done.stdout == "3 added, 6 not.\n"
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        f"line {number}" for number in (4, 5, 6, 7, 8, 9)
    ]
    assert "Traceback" not in done.stderr

    people = listed(center)
    assert people["imp-one"]["roles"] == ["admin", "staff"]
    assert people["imp-two"]["name"] == "Two, Imp"
    assert {name for name in people if name.startswith("imp-")} == {"imp-one", "imp-two", "imp-seven"}
    for name in ("imp-one", "imp-two"):
        assert center.services.users.authenticate(name, GOOD) is not None
    assert center.services.users.authenticate("imp-seven", "") is None


def test_json_lines_are_imported_too(center: Center, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    rows = [
        json.dumps({"username": "line-one", "name": "行", "roles": ["staff"], "password": GOOD}),
        "",
        "{not json",
        '["a list"]',
        json.dumps({"username": "line-two", "age": 7}),
        json.dumps({"username": 7}),
        json.dumps({"username": "line-three", "roles": [1]}),
        json.dumps({"username": "line-four", "roles": 5}),
    ]
    file.write_text("\n".join(rows))
    done = center.run("users", "import", str(file), check=False)
    assert done.stdout == "1 added, 6 not.\n"
    assert "line 3: not JSON" in done.stderr
    assert "line 5: unknown: age" in done.stderr
    assert listed(center)["line-one"]["name"] == "行"


def test_a_file_without_a_column_of_names_is_refused(center: Center, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("login,password\nx,y\n")
    done = center.run("users", "import", str(file), check=False)
    assert done.returncode == 2
    assert "not login, password" not in done.stderr
    assert "not login." in done.stderr


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_a_file_that_is_no_text_is_refused(center: Center, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"\xff\xfe\x00username")
    done = center.run("users", "import", str(file), check=False)
    assert done.returncode == 2
    assert f"Error: {name} is not UTF-8 text." in done.stderr


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    new_center: Callable[..., Center],
) -> None:
    center = new_center(start=False)
    terminal, inner = pty.openpty()
    adding = subprocess.Popen(
        [sys.executable, "-m", "sso_center", "users", "add", "typed"],
        cwd=ROOT,
        env=center.environ,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    seen = read_until(terminal, "Password:")
    os.write(terminal, f"{GOOD}\n".encode())
    seen += read_until(terminal, "Once more:")
    os.write(terminal, f"{GOOD}\n".encode())
    seen += read_until(terminal, "}")
    assert adding.wait(60) == 0
    os.close(terminal)
    assert GOOD not in seen
    assert center.services.users.authenticate("typed", GOOD) is not None


def read_until(terminal: int, end: str) -> str:
    seen = ""
    while end not in seen:
        seen += os.read(terminal, 1000).decode()
    return seen
