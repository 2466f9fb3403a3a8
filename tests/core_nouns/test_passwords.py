"""Passwords: hashed as OWASP says, checked alike for everybody, refused when anyone would guess them."""

import time as cpu
from collections.abc import Callable
from statistics import median

import pytest
from argon2 import PasswordHasher as Argon2
from argon2 import extract_parameters
from sqlalchemy import select

from sso_center.base.errors import Invalid
from sso_center.core.users import PasswordHasher, Users
from sso_center.services import Services
from sso_center.storage.schema import users as table

GOOD = "correct horse battery"


def stored_hash(services: Services, sub: str) -> str | None:
    with services.database.read() as connection:
        return connection.execute(select(table.c.password_hash).where(table.c.sub == sub)).scalar_one()


def test_passwords_are_hashed_by_argon2id_with_the_parameters_of_owasp(services: Services) -> None:
    user = services.users.add("hashed", password=GOOD)
    stored = stored_hash(services, user.sub)
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_name_and_password_prove_who_someone_is(services: Services) -> None:
    user = services.users.add("proven", password=GOOD)
    assert services.users.authenticate("proven", GOOD) == user
    assert services.users.authenticate("proven", GOOD + "!") is None
    assert services.users.authenticate("proven", "") is None
    assert services.users.check_password(user.sub, GOOD)
    assert not services.users.check_password(user.sub, "something else")
    assert not services.users.check_password("nobody", GOOD)


def test_a_disabled_person_and_one_without_a_password_prove_nothing(services: Services) -> None:
    disabled = services.users.add("out", password=GOOD)
    services.users.set_disabled(disabled.sub, True)
    services.users.add("passwordless", password=None)
    assert services.users.authenticate("out", GOOD) is None
    for guess in ("", GOOD, "None"):
        assert services.users.authenticate("passwordless", guess) is None


@pytest.mark.alone
def test_an_unknown_name_costs_as_much_work_as_a_wrong_password(services: Services) -> None:
    services.users.add("known", password=GOOD)
    disabled = services.users.add("known-but-out", password=GOOD)
    services.users.set_disabled(disabled.sub, True)
    services.users.add("known-without", password=None)

    def work(username: str) -> float:
        def once() -> float:
            before = cpu.process_time()
            services.users.authenticate(username, "a wrong password")
            return cpu.process_time() - before

        return median(once() for _ in range(7))

    usual = work("known")
    for name in ("nobody-of-that-name", "known-but-out", "known-without"):
        assert usual / 2 < work(name) < usual * 2, name


def test_a_hash_with_other_parameters_is_made_anew_at_the_next_login(services: Services) -> None:
    old = Users(services.database, services.redis, PasswordHasher(1, 8_192, 1), services.clock)
    user = old.add("rehashed", password=GOOD)
    assert services.users.authenticate("rehashed", "wrong password") is None
    assert extract_parameters(stored_hash(services, user.sub) or "").memory_cost == 8_192

    assert services.users.authenticate("rehashed", GOOD) == user
    assert extract_parameters(stored_hash(services, user.sub) or "").memory_cost == 19_456
    assert services.users.authenticate("rehashed", GOOD) == user, "a rehash changes nothing else"


def test_one_password_however_it_is_typed(services: Services) -> None:
    user = services.users.add("typed", password="Mu\u0308nchen im Mai")
    assert services.users.authenticate("typed", "M\u00fcnchen im Mai") == user


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "1234567",
        "password",
        "PassWord123",
        "aaaaaaaaaaaa",
        "x" * 257,
        "Ruled-One",
        "\ud800\ud800abcdefgh",
    ],
    ids=[
        "none",
        "short",
        "seven",
        "common",
        "common-in-capitals",
        "one-letter",
        "too-long",
        "the-name",
        "no-text",
    ],
)
def test_a_password_that_anyone_would_guess_is_refused(services: Services, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.users.add("ruled-one", password=password)
    assert refused.value.field == "password"
    assert services.users.find("ruled-one") is None


@pytest.mark.parametrize("password", ["12345679!", "四季如春的昆明大学", "x y z x y z", "y" + "x" * 255])
def test_a_password_needs_no_digits_or_capitals(services: Services, password: str) -> None:
    user = services.users.add(f"free-{len(password)}-{ord(password[0])}", password=password)
    assert services.users.check_password(user.sub, password)


@pytest.mark.parametrize("password", ["x" * 1_000_000, "\ud800", "\0" * 9])
def test_an_impossible_password_is_simply_wrong(services: Services, password: str) -> None:
    if services.users.find("patient") is None:
        services.users.add("patient", password=GOOD)
    assert services.users.authenticate("patient", password) is None


def test_a_hash_of_another_system_is_taken_over(services: Services) -> None:
    theirs = Argon2(time_cost=3, memory_cost=4_096, parallelism=2).hash(GOOD)
    user = services.users.add("imported", password_hash=theirs)
    assert services.users.authenticate("imported", GOOD) == user
    assert (stored_hash(services, user.sub) or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "hashed",
    [
        "$2b$12$abcdefghijklmnopqrstuv",
        "plain text",
        "",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=9999,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43,
    ],
    ids=["bcrypt", "plain", "empty", "four-gigabytes", "many-passes"],
)
def test_a_hash_that_we_could_not_check_is_refused(services: Services, hashed: str) -> None:
    with pytest.raises(Invalid):
        services.users.add("not-imported", password_hash=hashed)
    assert services.users.find("not-imported") is None


def test_a_new_password_replaces_the_old_one(services: Services) -> None:
    user = services.users.add("changing", password=GOOD)
    services.users.set_password(user.sub, "another good one", must_change=True)
    assert services.users.authenticate("changing", GOOD) is None
    changed = services.users.authenticate("changing", "another good one")
    assert changed is not None
    assert changed.must_change_password
    with pytest.raises(Invalid, match="user name"):
        services.users.set_password(user.sub, "CHANGING")


def test_the_hasher_says_no_to_what_it_did_not_make() -> None:
    hasher: PasswordHasher = PasswordHasher()
    refused: Callable[[str], bool] = lambda stored: hasher.is_right(stored, GOOD)  # noqa: E731
    assert not any(refused(stored) for stored in ("x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$YWJj$YWJj"))
