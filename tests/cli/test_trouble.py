"""What the command line says when something is wrong: a line that names it, and an exit code; no trace."""

import json
from collections.abc import Callable

import pytest

from sso_center.base.errors import SettingsError
from sso_center.base.settings import load_settings
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


def test_commands_work_without_a_running_center(idle: Center) -> None:
    added = idle.run("users", "add", "alone", "--password-stdin", stdin="correct horse battery")
    listed = json.loads(idle.run("users", "list", "--json").stdout)
    assert [person["sub"] for person in listed] == [json.loads(added.stdout)["sub"]]
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


def test_doctor_finds_a_secret_that_others_can_read(idle: Center) -> None:
    idle.run("keys", "list")
    (idle.data_dir / "secret.key").chmod(0o640)
    try:
        assert "chmod 600" in idle.run("doctor", check=False).stdout
    finally:
        (idle.data_dir / "secret.key").chmod(0o600)


def test_doctor_finds_a_redis_that_may_forget(idle: Center, tmp_path_factory: pytest.TempPathFactory) -> None:
    idle.run("keys", "list")
    redis = idle.services.redis
    redis.command("00", "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.command("00", "CONFIG", "SET", "appendonly", "no")
    redis.command("00", "SET", redis.key("00", "stray", "x"), "1")
    found = idle.run("doctor", check=False).stdout
    assert "allkeys-lru" in found
    assert "appendonly is off" in found
    assert "sso:{00}:stray:x" in found
