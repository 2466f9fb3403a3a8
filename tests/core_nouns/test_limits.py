"""The limits on logins: exact however many come at once, and no weapon against the person attacked."""

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_center.base.errors import TooMany, Unavailable
from sso_center.base.settings import Settings
from sso_center.core.limits import LoginLimits
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from tests.core_nouns.conftest import is_up, settings_in
from tests.harness.core import MINUTE, SECOND, Time
from tests.harness.waiting import eventually

BY_ACCOUNT, BY_ADDRESS, WINDOW = 6, 15, 300
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return limited_settings(tmp_path_factory.mktemp("limits"))


def limited_settings(folder: Path) -> Settings:
    return settings_in(
        folder,
        SSO_LOGIN_ATTEMPTS_BY_ACCOUNT=str(BY_ACCOUNT),
        SSO_LOGIN_ATTEMPTS_BY_ADDRESS=str(BY_ADDRESS),
        SSO_LOGIN_WINDOW=str(WINDOW),
    )


@pytest.fixture
def limits(services: Services, time: Time) -> LoginLimits:
    # Whatever an earlier test counted is over.
    time.move(WINDOW * SECOND)
    return services.limits


def passes(limits: LoginLimits, username: str, address: str = HERE, device: str | None = None) -> bool:
    try:
        limits.try_login(username, address, device)
    except TooMany:
        return False
    return True


def how_many(limits: LoginLimits, username: str, address: str = HERE, device: str | None = None) -> int:
    """Try until refused, and return how many attempts passed."""
    return next(count for count in range(1000) if not passes(limits, username, address, device))


def addresses() -> Iterator[str]:
    return (f"203.0.113.{number}" for number in range(255))


# Exactness


def test_one_address_has_so_many_attempts_at_one_account(limits: LoginLimits) -> None:
    assert how_many(limits, "alice") == BY_ACCOUNT


def test_parallel_attempts_do_not_outrun_the_limit(limits: LoginLimits, in_parallel) -> None:
    for round_number in range(5):
        results = in_parallel(
            40, lambda _, name=f"alice-{round_number}": passes(limits, name, f"2001:db8:{name[-1]}::1")
        )
        assert results.count(True) == BY_ACCOUNT


def _attempt(folder: str, start: Callable[[], object], found) -> None:
    services = build_services(limited_settings(Path(folder)), FACADES)
    start.wait(60)  # type: ignore[attr-defined]
    found.put(sum(passes(services.limits, "raced", THERE) for _ in range(BY_ACCOUNT)))
    services.close()


def test_parallel_processes_do_not_outrun_the_limit(services: Services, limits: LoginLimits) -> None:
    spawning = multiprocessing.get_context("spawn")
    start, found = spawning.Barrier(3), spawning.Queue()
    racers = [
        spawning.Process(target=_attempt, args=(str(services.settings.data_dir), start, found))
        for _ in range(3)
    ]
    for racer in racers:
        racer.start()
    passed = sum(found.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join(60)
    assert passed == BY_ACCOUNT


def test_an_address_has_so_many_attempts_at_all_accounts_together(limits: LoginLimits) -> None:
    passed = sum(passes(limits, f"person-{number}") for number in range(3 * BY_ADDRESS))
    assert passed == BY_ADDRESS
    assert passes(limits, "person-0", THERE)


def test_many_addresses_together_have_twice_as_many_attempts_at_one_account(limits: LoginLimits) -> None:
    assert sum(passes(limits, "alice", address) for address in addresses()) == 2 * BY_ACCOUNT
    assert passes(limits, "bob", "203.0.113.99")


# What counts as the same


@pytest.mark.parametrize("typed", ["ALICE", " alice ", "\uff41\uff4c\uff49\uff43\uff45"])
def test_an_account_is_the_same_however_its_name_is_written(limits: LoginLimits, typed: str) -> None:
    how_many(limits, "alice")
    assert not passes(limits, typed)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("no address", "no address", True),
    ],
)
def test_an_address_is_what_one_machine_can_choose_from(
    limits: LoginLimits, first: str, second: str, is_one: bool
) -> None:
    how_many(limits, "alice", first)
    assert passes(limits, "alice", second) != is_one


@pytest.mark.parametrize("name", ["x" * 100_000, "\ud800", "", "{00}", "a:b/c"])
def test_a_login_attempt_counts_whatever_is_typed_as_a_name(limits: LoginLimits, name: str) -> None:
    assert how_many(limits, name, THERE) == BY_ACCOUNT


# Time


def test_the_window_opens_with_the_first_attempt_and_is_not_prolonged(
    limits: LoginLimits, time, services: Services
) -> None:
    limits.try_login("alice", HERE, None)
    time.move(WINDOW * 1000 - MINUTE)
    assert how_many(limits, "alice") == BY_ACCOUNT - 1
    with pytest.raises(TooMany) as refused:
        limits.try_login("alice", HERE, None)
    assert refused.value.retry_after == 60
    time.move(MINUTE)
    assert how_many(limits, "alice") == BY_ACCOUNT


def test_a_clock_set_back_locks_nobody_out(limits: LoginLimits, time) -> None:
    how_many(limits, "alice")
    time.move(-100 * MINUTE)
    assert passes(limits, "alice")
    time.move(100 * MINUTE)


# The person attacked


def test_a_stranger_does_not_lock_a_known_device_out(limits: LoginLimits) -> None:
    limits.try_login("alice", HERE, None)
    limits.remember_device("alice", "her phone")
    for address in addresses():
        passes(limits, "alice", address, "a device of the stranger's")
        passes(limits, "alice", HERE)
    assert not passes(limits, "alice", "203.0.113.254")
    assert passes(limits, "alice", HERE, "her phone")


def test_a_known_device_is_known_for_its_account_only_and_limited_too(limits: LoginLimits) -> None:
    limits.remember_device("alice", "phone")
    how_many(limits, "bob")
    assert not passes(limits, "bob", HERE, "phone")
    assert how_many(limits, "alice", HERE, "phone") == BY_ACCOUNT


def test_one_address_alone_does_not_use_up_the_account_for_others(limits: LoginLimits) -> None:
    for _ in range(50):
        passes(limits, "alice", HERE)
    assert passes(limits, "alice", THERE)


def test_a_right_password_gives_its_attempt_back(limits: LoginLimits) -> None:
    for _ in range(3 * BY_ADDRESS):
        limits.try_login("alice", HERE, None)
        limits.give_back("alice", HERE, None)
    assert how_many(limits, "alice") == BY_ACCOUNT


def test_a_right_password_after_its_window_gives_nothing_back(limits: LoginLimits, time: Time) -> None:
    limits.try_login("alice", HERE, None)
    time.move(WINDOW * SECOND)
    for _ in range(3):
        limits.give_back("alice", HERE, None)
    assert how_many(limits, "alice") == BY_ACCOUNT


def test_a_right_password_forgives_no_guess(limits: LoginLimits) -> None:
    guesses = 0
    for number in range(3 * BY_ADDRESS):
        guesses += passes(limits, f"victim-{number}")
        if passes(limits, "the thief himself"):
            limits.give_back("the thief himself", HERE, None)
    assert guesses == BY_ADDRESS


# The store


def test_every_bucket_and_device_has_an_expiry_and_none_a_name(
    services: Services, limits: LoginLimits
) -> None:
    limits.try_login("a password typed as a name", HERE, None)
    limits.remember_device("alice", "phone")
    limits.try_login("alice", HERE, "phone")
    keys = [key for kind in ("limit", "device") for key in services.redis.scan(f"sso:*:{kind}:*")]
    assert len(keys) >= 4
    assert not any("password" in key or "alice" in key or "phone" in key for key in keys)
    assert not list(services.redis.keys_without_expiry("sso:*"))


def test_no_login_attempt_is_allowed_without_redis(services: Services, limits: LoginLimits) -> None:
    assert services.redis.embedded is not None
    services.redis.embedded.stop()
    try:
        with pytest.raises(Unavailable):
            limits.try_login("alice", HERE, None)
    finally:
        services.redis.embedded.ensure_running()
        eventually(lambda: is_up(services), what="the store's return")
