"""What the command line says when something is wrong: a line that names it, and an exit code; no trace."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.base.errors import SettingsError
from sso_center.base.settings import load_settings
from sso_center.storage.address import topology_of
from tests.harness.center import Center
from tests.harness.ports import free_port


@pytest.fixture(scope="module")
def idle(new_module_center: Callable[..., Center]) -> Center:
    """A center that is not running."""
    return new_module_center(start=False)


def trouble(center: Center, *arguments: str, **settings: str) -> tuple[int, list[str]]:
    """Run a command with other settings; returns its exit code and what it said on stderr."""
    kept = dict(center.settings)
    center.settings.update(settings)
    try:
        done = center.run(*arguments, check=False)
    finally:
        center.settings.clear()
        center.settings.update(kept)
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr.splitlines()


def findings(center: Center, **settings: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Run doctor with other settings; returns its exit code and its findings: level, subject and text."""
    kept = dict(center.settings)
    center.settings.update(settings)
    try:
        done = center.run("doctor", "--json", check=False)
    finally:
        center.settings.clear()
        center.settings.update(kept)
    return done.returncode, [(one["level"], one["subject"], one["text"]) for one in json.loads(done.stdout)]


def test_commands_work_without_a_running_center(idle: Center) -> None:
    added = idle.run("users", "add", "alone", "--password-stdin", stdin="correct horse battery")
    listed = json.loads(idle.run("users", "list", "--json").stdout)
    assert json.loads(added.stdout)["sub"] in [person["sub"] for person in listed]
    doctor = idle.run("doctor", check=False)
    assert doctor.returncode == 1, "a movable clock is nothing for a real center"
    assert [line for line in doctor.stdout.splitlines() if line.startswith("fail")] == [
        line for line in doctor.stdout.splitlines() if "SSO_TEST_CLOCK" in line
    ]


def test_every_wrong_setting_is_named_on_a_line_of_its_own(idle: Center) -> None:
    code, said = trouble(
        idle, "users", "list", SSO_WORKERS="many", SSO_ISSUER="sso.example.org", SSO_ISUER="x"
    )
    assert code == 2
    assert [line.split()[1] for line in said] == ["SSO_ISSUER", "SSO_WORKERS", "SSO_ISUER"]


@pytest.mark.parametrize(
    "issuer",
    [
        "HTTPS://sso.example.org",
        "https://SSO.example.org",
        "https://sso.example.org:99999",
        "https://sso.example.org:",
        " https://sso.example.org",
        "https://sso.exa mple.org",
        "https://sso.example.org/",
        "http://sso.example.org",
        "http://[",
    ],
)
def test_an_issuer_that_browsers_would_not_show_like_this_is_refused(idle: Center, issuer: str) -> None:
    with pytest.raises(SettingsError, match=r"^SSO_ISSUER is .* but should "):
        load_settings({**idle.settings, "SSO_ISSUER": issuer})


def test_a_database_that_is_away_is_named_without_its_password(idle: Center) -> None:
    where = f"127.0.0.1:{free_port()}"
    code, said = trouble(idle, "users", "list", SSO_DATABASE_URL=f"postgresql://u:hidden@{where}/center")
    assert code == 2
    assert len(said) == 1
    assert where in said[0]
    assert "hidden" not in said[0]


def test_a_redis_that_is_away_is_named_without_its_password(idle: Center) -> None:
    where = f"127.0.0.1:{free_port()}"
    code, said = trouble(idle, "sessions", "list", SSO_REDIS_URL=f"redis://:hidden@{where}/0")
    assert code == 2
    assert len(said) == 1
    assert where in said[0]
    assert "hidden" not in said[0]


@pytest.mark.parametrize("rest", [":hidden@127.0.0.1:x/0", ":hidden/pass@127.0.0.1:1/0", ":hidden@[/0"])
def test_an_address_of_redis_that_can_not_be_read_is_answered_by_one_that_can(
    idle: Center, rest: str
) -> None:
    code, said = trouble(idle, "sessions", "list", SSO_REDIS_URL=f"redis://{rest}")
    assert code == 2
    assert len(said) == 1
    assert said[0].startswith("sso-center: SSO_REDIS_URL is set but should look like redis://")
    assert "hidden" not in said[0]


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1/first",
        "redis://127.0.0.1:0/0",
        "rediss://127.0.0.1/0?ssl_cert_reqs=perhaps",
        "sentinel://127.0.0.1/center?tls=perhaps",
        "unix://relative/path",
    ],
)
def test_no_part_of_an_address_of_redis_is_guessed(idle: Center, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^SSO_REDIS_URL is set but .*should "):
        topology_of(url, 250)


def test_a_center_says_that_its_folder_can_not_be_made(idle: Center) -> None:
    code, said = trouble(idle, "serve", SSO_DATA_DIR="/dev/null/data")
    assert code == 2
    assert said == [
        "sso-center: SSO_DATA_DIR is '/dev/null/data' but that folder can't be made: Not a directory"
    ]


def test_a_folder_that_can_not_be_made_is_named(idle: Center) -> None:
    code, said = trouble(idle, "users", "list", SSO_DATA_DIR="/dev/null/data")
    assert code == 2
    assert len(said) == 1
    assert "/dev/null/data" in said[0]


def test_the_wrong_secret_is_named(idle: Center) -> None:
    code, said = trouble(idle, "keys", "list", SSO_SECRET_KEY="certainly not the secret that it was")
    assert code == 2
    assert "SSO_SECRET_KEY" in said[0]


def test_a_password_is_not_waited_for_where_nobody_can_type_it(idle: Center) -> None:
    code, said = trouble(idle, "users", "add", "nobody")
    assert code == 2
    assert "--password-stdin" in said[-1]


def test_help_is_there_for_every_command(idle: Center) -> None:
    text = idle.run("--help").stdout
    for name in ("serve", "demo", "users", "clients", "sessions", "logout", "keys", "doctor"):
        assert name in text
    assert trouble(idle, "usrs")[0] == 2


def test_doctor_says_what_is_broken_and_goes_on(idle: Center) -> None:
    idle.settings["SSO_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    try:
        done = idle.run("doctor", "--json", check=False)
    finally:
        del idle.settings["SSO_REDIS_URL"]
    assert done.returncode == 1
    found = {(one["level"], one["subject"]) for one in json.loads(done.stdout)}
    assert {("fail", "Redis"), ("ok", "SQL"), ("ok", "signing keys")} <= found


def test_doctor_looks_at_redis_before_the_first_start_and_makes_nothing(idle: Center, tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_port()}"
    for database in ("", f"postgresql://u:hidden@127.0.0.1:{free_port()}/center"):
        new = {"SSO_DATA_DIR": str(tmp_path / "new"), "SSO_DATABASE_URL": database}
        code, found = findings(idle, **new, SSO_REDIS_URL=f"redis://:hidden@{where}/0")
        assert code == 1
        assert [
            text for level, subject, text in found if (level, subject) == ("fail", "Redis") and where in text
        ]
        assert "hidden" not in str(found)
    assert not (tmp_path / "new").exists()


def test_doctor_finds_a_data_folder_that_is_none(idle: Center, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        code, found = findings(idle, SSO_DATA_DIR=str(tmp_path / folder))
        assert code == 1
        assert ("fail", "data folder") in {(level, subject) for level, subject, _ in found}


def test_doctor_finds_sites_that_are_not_told_of_logouts(idle: Center) -> None:
    add = ("clients", "add")
    idle.run(*add, "untold", "--redirect-uri", "http://a.localhost/cb")
    idle.run(
        *add, "told", "--redirect-uri", "http://b.localhost/cb", "--backchannel-logout-uri", "http://c/out"
    )
    idle.run(*add, "phone", "--redirect-uri", "org.example.app:/cb", "--public")
    _, found = findings(idle)
    warned = [text.split()[0] for level, subject, text in found if (level, subject) == ("warn", "clients")]
    assert warned == ["untold"]


def test_doctor_finds_a_secret_that_others_can_read(idle: Center) -> None:
    idle.run("keys", "list")
    (idle.data_dir / "secret.key").chmod(0o640)
    try:
        assert "chmod 600" in idle.run("doctor", check=False).stdout
    finally:
        (idle.data_dir / "secret.key").chmod(0o600)


def test_doctor_finds_a_redis_that_may_forget(new_center: Callable[..., Center]) -> None:
    idle = new_center(start=False)
    idle.hot.configure("maxmemory-policy", "allkeys-lru")
    idle.hot.configure("appendonly", "no")
    idle.hot.leave_for_ever("00", "x")
    found = idle.run("doctor", check=False).stdout
    assert "allkeys-lru" in found
    assert "appendonly is off" in found
    assert "sso:{00}:stray:x" in found
