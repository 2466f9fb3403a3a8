"""Users: one name each, every change counted, recorded and copied."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from sso_center.base.errors import Conflict, Invalid, NotFound, SettingsError, Unavailable
from sso_center.base.settings import load_settings
from sso_center.core.journal import JournalFollower
from sso_center.core.users import Consent, User
from sso_center.core.users.stored import user_from_json
from sso_center.services import Services
from sso_center.storage.schema import journal
from tests.core_nouns.conftest import is_up, settings_in
from tests.harness.core import Time
from tests.harness.hot import Hot
from tests.harness.stores import settings_of
from tests.harness.waiting import eventually

GOOD = "correct horse battery"


def copy_of(services: Services, user: User) -> dict[str, str]:
    """Return the user's hash in Redis."""
    return Hot(services.redis).record(user.shard, "user", user.sub)


def entries_of(services: Services, user: User) -> list[tuple[str, str, str]]:
    with services.database.read() as connection:
        rows = connection.execute(
            select(journal.c.kind, journal.c.reason, journal.c.shard)
            .where(journal.c.sub == user.sub)
            .order_by(journal.c.number)
        )
        return [tuple(row) for row in rows]


def answers(services: Services) -> bool:
    """Say whether Redis is asked again: for a moment after a failure it is not."""
    try:
        services.redis.check()
    except Unavailable:
        return False
    return True


# Names


@pytest.mark.parametrize(
    "typed",
    ["Zoë", "ZOË", "zoe\u0308", " zoë ", "ｚｏë"],
    ids=["as-is", "capitals", "decomposed", "spaced", "wide"],
)
def test_a_name_is_found_however_it_is_written(services: Services, typed: str) -> None:
    if services.users.find("zoë") is None:
        services.users.add("Zoë", password=GOOD)
    found = services.users.find(typed)
    assert found is not None
    assert found.username == "zoë"
    with pytest.raises(Conflict, match="taken"):
        services.users.add(typed, password=GOOD)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\0b", "\ud800", "tab\there"])
def test_a_name_that_can_not_be_typed_is_refused(services: Services, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.users.add(name, password=GOOD)
    assert refused.value.field == "username"


def test_the_id_is_not_the_name_and_stays_when_that_changes(services: Services) -> None:
    user = services.users.add("before", password=GOOD)
    assert user.sub.startswith("u")
    assert "before" not in user.sub
    renamed = services.users.update(
        user.sub, username="After", profile={"name": "After All", "email": "a@example.org"}
    )
    assert (renamed.sub, renamed.username, renamed.name) == (user.sub, "after", "After All")
    assert services.users.find("before") is None
    assert services.users.authenticate("after", GOOD) == renamed
    services.users.add("before", password=GOOD)
    with pytest.raises(Conflict):
        services.users.update(user.sub, username="before")


def test_users_are_listed_by_name_a_page_at_a_time(services: Services) -> None:
    for name in ("page-c", "page-a", "page-b"):
        services.users.add(name, password=None)
    first = services.users.list(after="page-", count=2)
    assert [user.username for user in first] == ["page-a", "page-b"]
    assert services.users.list(after="page-b", count=1)[0].username == "page-c"
    everyone = [user.username for user in services.users.all()]
    assert everyone == sorted(everyone)


@pytest.mark.parametrize("role", ["", "a|b", "with space", "x" * 101, "-first"])
def test_a_role_that_the_copy_could_not_hold_is_refused(services: Services, role: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.users.add("roleless", roles=[role], password=GOOD)
    assert refused.value.field == "roles"


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "a b@c", "x" * 252 + "@y.z", "a@\n"])
def test_an_invalid_email_address_is_refused(services: Services, email: str) -> None:
    with pytest.raises(Invalid):
        services.users.add("mailless", profile={"email": email}, password=GOOD)


# Changes


def test_every_change_grows_the_version_and_only_credentials_the_epoch(services: Services) -> None:
    users = services.users
    user = users.add("counted", password=GOOD)
    assert (user.version, user.epoch) == (1, 0)
    assert users.update(user.sub, roles=["b", "a", "b"]).roles == ("a", "b")
    users.update(user.sub, profile={"name": "Counted"})
    assert (users.get(user.sub).version, users.get(user.sub).epoch) == (3, 0)
    users.set_password(user.sub, "another good one")
    assert (users.get(user.sub).version, users.get(user.sub).epoch) == (4, 1)
    users.set_disabled(user.sub, True)
    assert (users.get(user.sub).version, users.get(user.sub).epoch) == (5, 2)
    users.set_disabled(user.sub, False)
    assert (users.get(user.sub).version, users.get(user.sub).epoch) == (6, 2)
    assert entries_of(services, user) == [
        ("user", "changed", user.shard),
        ("user", "changed", user.shard),
        ("user", "password_change", user.shard),
        ("user", "disabled", user.shard),
        ("user", "changed", user.shard),
    ]


RULES = {
    "SSO_ON_ROLE_LOST": "sessions, access_tokens",
    "SSO_ON_PASSWORD_CHANGE": "refresh_tokens",
    "SSO_ON_DISABLED": "nothing",
}


def epochs_of(user: User) -> tuple[int, int, int]:
    return user.epoch, user.refresh_epoch, user.access_epoch


def test_unless_told_otherwise_a_lost_role_ends_access_tokens_and_the_rest_everything(
    services: Services,
) -> None:
    users = services.users
    sub = users.add("by-default", roles=["a", "b"], password=GOOD).sub
    assert epochs_of(users.update(sub, roles=["a", "b", "c"])) == (0, 0, 0)
    assert epochs_of(users.update(sub, roles=["b", "c", "d"])) == (0, 0, 1)
    assert epochs_of(users.set_password(sub, "another good one")) == (1, 1, 2)
    assert epochs_of(users.set_disabled(sub, True)) == (2, 2, 3)
    assert epochs_of(users.set_disabled(sub, False)) == (2, 2, 3)
    assert [reason for _, reason, _ in entries_of(services, users.get(sub))] == [
        *("changed", "role_lost", "password_change", "disabled", "changed")
    ]


def test_the_rules_of_the_admin_say_what_a_change_ends(
    new_services: Callable[..., Services], tmp_path: Path
) -> None:
    services = new_services(settings_in(tmp_path, **RULES))
    users = services.users
    user = users.add("ruled", roles=["a"], password=GOOD)
    assert epochs_of(users.update(user.sub, roles=[])) == (1, 0, 1)
    assert epochs_of(users.set_password(user.sub, "another good one")) == (1, 1, 1)
    assert epochs_of(users.set_disabled(user.sub, True)) == (1, 1, 1)
    copy = copy_of(services, user)
    assert (copy["epoch"], copy["refresh_epoch"], copy["access_epoch"]) == ("1", "1", "1")


@pytest.mark.parametrize("wrong", ["", "everything", "sessions,nothing", "sessions;access_tokens"])
def test_a_rule_that_names_what_there_is_not_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="SSO_ON_DISABLED"):
        load_settings({"SSO_ON_DISABLED": wrong})


# Consents


def test_consents_add_up_and_are_withdrawn_whole(services: Services, time: Time) -> None:
    users = services.users
    user = users.add("asked", password=GOOD)
    assert user.consent_to("partner") is None
    users.grant_consent(user.sub, "partner", ["openid", "email"])
    users.grant_consent(user.sub, "another", ["openid"])
    time.move(1000)
    granted = users.grant_consent(user.sub, "partner", ["openid", "profile"])
    assert granted.consents == (
        Consent("another", ("openid",), time() - 1000),
        Consent("partner", ("email", "openid", "profile"), time()),
    )
    assert granted.consent_to("partner") == granted.consents[1]
    assert users.get(user.sub) == granted
    copy = copy_of(services, user)
    assert copy["consents"] == "|another=openid|partner=email openid profile|"
    assert user_from_json(copy["user"]) == granted

    withdrawn = users.withdraw_consent(user.sub, "partner")
    assert [one.client_id for one in withdrawn.consents] == ["another"]
    assert copy_of(services, user)["consents"] == "|another=openid|"
    assert epochs_of(withdrawn) == (0, 0, 0)


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def test_parallel_consents_all_count(
    store: str, new_services: Callable[..., Services], tmp_path: Path, in_parallel
) -> None:
    with settings_of(store, tmp_path) as stores:
        services = new_services(settings_in(tmp_path, **stores))
        user = services.users.add("clicks-fast", password=GOOD)
        in_parallel(8, lambda number: services.users.grant_consent(user.sub, f"site-{number}", ["openid"]))
        stored = services.users.get(user.sub)
        assert [one.client_id for one in stored.consents] == [f"site-{number}" for number in range(8)]
        services.database.close()


def test_a_change_of_nobody_changes_nothing(services: Services) -> None:
    for change in (
        lambda: services.users.update("nobody", roles=["a"]),
        lambda: services.users.set_password("nobody", GOOD),
        lambda: services.users.set_disabled("nobody", True),
        lambda: services.users.update("nobody", profile={"name": "x"}),
        lambda: services.users.get("nobody"),
        lambda: services.users.refill("nobody"),
        lambda: services.users.grant_consent("nobody", "site", ["openid"]),
        lambda: services.users.withdraw_consent("nobody", "site"),
    ):
        with pytest.raises(NotFound):
            change()


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def test_parallel_changes_all_count(
    store: str, new_services: Callable[..., Services], tmp_path: Path, in_parallel
) -> None:
    with settings_of(store, tmp_path) as stores:
        services = new_services(settings_in(tmp_path, **stores))
        change_in_parallel(services, in_parallel)
        services.database.close()


def change_in_parallel(services: Services, in_parallel) -> None:
    user = services.users.add("busy", password=GOOD)
    in_parallel(8, lambda number: services.users.update(user.sub, profile={"name": f"Name {number}"}))
    stored = services.users.get(user.sub)
    assert stored.version == 9
    assert user_from_json(copy_of(services, user)["user"]) == stored


# The copy in Redis


def test_the_copy_follows_every_change(services: Services) -> None:
    user = services.users.add("copied", profile={"name": "中文"}, roles=["staff"], password=GOOD)
    assert user_from_json(copy_of(services, user)["user"]) == user
    disabled = services.users.set_disabled(user.sub, True)
    copy = copy_of(services, user)
    assert {name: copy[name] for name in ("version", "epoch", "disabled", "roles")} == {
        "version": "2",
        "epoch": "1",
        "disabled": "1",
        "roles": "|staff|",
    }
    assert user_from_json(copy["user"]) == disabled


def test_a_copy_that_arrives_late_does_not_undo_a_newer_one(services: Services) -> None:
    user = services.users.add("raced", roles=["staff"], password=GOOD)
    services.users.set_disabled(user.sub, True)
    services.users.write_through(user)
    assert copy_of(services, user)["disabled"] == "1"


def test_a_lost_copy_is_refilled_and_has_an_expiry(services: Services) -> None:
    user = services.users.add("lost", password=GOOD)
    Hot(services.redis).lose(user.shard, "user", user.sub)
    assert services.users.refill(user.sub) == user
    assert user_from_json(copy_of(services, user)["user"]) == user
    assert list(services.redis.keys_without_expiry()) == []


def test_a_change_while_redis_is_away_is_not_lost(services: Services) -> None:
    user = services.users.add("cut-off", password=GOOD)
    assert services.redis.embedded is not None
    services.redis.embedded.stop()
    try:
        with pytest.raises(Unavailable):
            services.users.set_disabled(user.sub, True)
    finally:
        services.redis.embedded.ensure_running()
        eventually(lambda: is_up(services), what="the store's return")
    assert services.users.get(user.sub).is_disabled

    eventually(lambda: answers(services))
    follower = JournalFollower(
        services.entries, services.applier, services.users, services.mass_endings.enforce
    )
    while follower.follow():
        pass
    services.users.refill(user.sub)
    assert copy_of(services, user)["disabled"] == "1"
