"""`sso-center users add`, `update`, `show` and `import` with the fields of a profile."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from sso_center.base.profile import ADMIN, ProfileTable
from tests.harness.center import Center


@pytest.fixture
def name() -> str:
    return f"profiled-{secrets.token_hex(5)}"


def shown(center: Center, name: str) -> dict[str, Any]:
    return dict(json.loads(center.run("users", "show", name).stdout))


def add(center: Center, name: str, *options: str) -> dict[str, Any]:
    done = center.run("users", "add", name, *options, "--password-stdin", stdin=secrets.token_urlsafe(12))
    return dict(json.loads(done.stdout))


def test_add_and_update_have_an_option_for_each_field(center: Center) -> None:
    for command in ("add", "update"):
        said = center.run("users", command, "--help").stdout
        for field in ProfileTable().editable_by(ADMIN):
            assert f"--{field.replace('_', '-')} " in said, field
        assert "--preferred-username" not in said


def test_a_person_is_added_and_shown_with_a_profile(center: Center, name: str) -> None:
    given = ("--email", "z@example.org", "--email-verified", "yes", "--phone-number", "+1 425 555 1212")
    added = add(center, name, *given, "--groups", "b, a", "--address", '{"country": "FR"}')
    assert (added["name"], added["email"], added["email_verified"]) == (name, "z@example.org", True)
    assert (added["phone_number"], added["groups"]) == ("+14255551212", ["a", "b"])
    assert (added["address"], added["nickname"], added["phone_number_verified"]) == (
        {"country": "FR"},
        "",
        False,
    )
    assert shown(center, name) == shown(center, added["sub"]) == added


def test_a_person_is_updated_field_by_field(center: Center, name: str) -> None:
    add(center, name, "--email", "z@example.org", "--email-verified", "yes", "--nickname", "Z")
    changed = json.loads(
        center.run("users", "update", name, "--email", "y@example.org", "--nickname", "").stdout
    )
    assert (changed["email"], changed["email_verified"], changed["nickname"]) == ("y@example.org", False, "")
    renamed = json.loads(center.run("users", "update", name, "--username", name + "x").stdout)
    assert renamed["username"] == name + "x"
    entry = json.loads(
        center.run("audit", "list", "--user", name + "x", "--tag", "admin:user:change", "--json").stdout
    )
    assert [one["detail"]["changed"] for one in entry] == [
        ["username"],
        ["email", "email_verified", "nickname"],
    ]
    assert "y@example.org" not in json.dumps(entry)


def test_an_update_takes_the_last_role_away(center: Center, name: str) -> None:
    add(center, name, "--role", "staff")
    both = center.run("users", "update", name, "--role", "x", "--no-roles", check=False)
    assert both.returncode == 2
    assert json.loads(center.run("users", "update", name, "--no-roles").stdout)["roles"] == []


def test_an_update_of_nothing_or_with_a_wrong_value_is_refused(center: Center, name: str) -> None:
    add(center, name)
    assert center.run("users", "update", name, check=False).returncode == 2
    refused = center.run("users", "update", name, "--zoneinfo", "Mars/Olympus", check=False)
    assert refused.returncode == 1
    assert "is not a time zone" in refused.stderr
    missing = center.run("users", "show", name + "x", check=False)
    assert (missing.returncode, missing.stdout) == (1, "")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_profiles_are_imported(center: Center, name: str, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"people.{kind}"
    if kind == "csv":
        file.write_text(
            "username,email,email_verified,groups,birthdate,address\n"
            f'{name},z@example.org,yes,"a,b",1990-01-31,"1 Rue A, Paris"\n'
            f"{name}2,z@example.org,no,,31.1.1990,\n"
        )
        address = {"formatted": "1 Rue A, Paris"}
    else:
        address = {"locality": "Paris"}
        row = {"username": name, "email": "z@example.org", "email_verified": True, "groups": ["a", "b"]}
        rows = [
            {**row, "birthdate": "1990-01-31", "address": address},
            {"username": name + "2", "birthdate": 1990},
        ]
        file.write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    done = center.run("users", "import", str(file), check=False)
    assert done.stdout.endswith("1 added, 1 not.\n")
    assert f"{name}2: " in done.stderr
    known = shown(center, name)
    assert (known["email_verified"], known["groups"], known["birthdate"]) == (True, ["a", "b"], "1990-01-31")
    assert known["address"] == address
