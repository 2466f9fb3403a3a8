"""Workers of the center before profiles run beside new ones on the same stores: neither harms the other."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import hashed
from sso_center.core.users import User, Users, legacy_copies
from tests.harness.core import REDIRECT, Core, request_of
from tests.rolling_upgrade.older_center import OlderWorker, about_to_json, read_about, read_grant

PROFILE = {"name": "Zoë", "email": "zoe@example.org", "email_verified": True, "nickname": "Zo"}
REFRESHING = ("authorization_code", "refresh_token")


def person(core: Core, *roles: str) -> User:
    """Add somebody with a profile."""
    name = core.person().username
    return core.services.users.add(f"{name}-known", profile=PROFILE, roles=roles)


def seen(core: Core, cookie: str) -> User:
    """Return the user whom a cookie opens a session of."""
    session = core.services.sessions.visit(cookie).session
    assert session is not None
    return session.user


# The copy of a user


def test_an_older_worker_reads_the_copy_that_a_new_one_wrote(core: Core, older: OlderWorker) -> None:
    user = person(core, "staff", "night")
    core.services.users.grant_consent(user.sub, "partner", ["openid", "email"])
    known, now = older.copy(user.sub, user.shard), core.services.users.get(user.sub)
    for name in (
        "sub",
        "username",
        "name",
        "email",
        "roles",
        "version",
        "epoch",
        "refresh_epoch",
        "access_epoch",
    ):
        assert getattr(known, name) == getattr(now, name), name
    assert known.consents == (("partner", ("email", "openid"), core.time()),)
    assert (known.is_disabled, known.must_change_password) == (False, False)


def test_a_change_by_an_older_worker_counts_and_the_profile_stays(core: Core, older: OlderWorker) -> None:
    user = person(core, "staff")
    cookie = core.open(user).cookie
    assert seen(core, cookie).profile == PROFILE
    known = older.copy(user.sub, user.shard)
    older.change_user(dataclasses.replace(known, roles=("night",), version=known.version + 1), user.shard)
    now = seen(core, cookie)
    assert (now.roles, now.version) == (("night",), user.version + 1)
    assert now.profile == PROFILE
    # From here on the copy is whole again, and nobody asks SQL.
    with without_sql(core):
        assert seen(core, cookie).profile == PROFILE


def test_an_address_that_an_older_worker_changed_is_not_the_one_that_was_verified(
    core: Core, older: OlderWorker
) -> None:
    user = person(core)
    cookie = core.open(user).cookie
    known = older.copy(user.sub, user.shard)
    changed = dataclasses.replace(known, email="other@example.org", name="Z.", version=known.version + 1)
    older.change_user(changed, user.shard)
    assert seen(core, cookie).profile == {"name": "Z.", "email": "other@example.org", "nickname": "Zo"}


def test_a_copy_that_an_older_worker_refilled_is_completed_from_sql(core: Core, older: OlderWorker) -> None:
    user = person(core)
    cookie = core.open(user).cookie
    known = older.copy(user.sub, user.shard)
    core.forget_copy(user)
    older.write_copy(known, user.shard)
    assert seen(core, cookie).profile == PROFILE


def test_without_sql_a_copy_of_an_older_worker_serves_as_it_did_there(core: Core, older: OlderWorker) -> None:
    user = person(core, "staff")
    cookie = core.open(user).cookie
    known = older.copy(user.sub, user.shard)
    core.forget_copy(user)
    older.write_copy(known, user.shard)
    with without_sql(core):
        now = seen(core, cookie)
    assert (now.roles, now.name, now.email) == (("staff",), "Zoë", "zoe@example.org")
    assert set(now.profile) == {"name", "email"}


def test_sql_is_asked_once_for_a_copy_that_an_older_worker_writes_again(
    core: Core, older: OlderWorker
) -> None:
    user = person(core, "staff")
    cookie = core.open(user).cookie
    known = older.copy(user.sub, user.shard)
    with counted(Users.get) as asked:
        for _ in range(3):
            core.forget_copy(user)
            older.write_copy(known, user.shard)
            assert seen(core, cookie).profile == PROFILE
    assert len(asked) == 1


def test_sql_that_is_away_is_not_asked_again_for_ten_seconds(core: Core, older: OlderWorker) -> None:
    user, other = person(core), person(core)
    cookies = [core.open(user).cookie, core.open(other).cookie]
    for one in (user, other):
        known = older.copy(one.sub, one.shard)
        core.forget_copy(one)
        older.write_copy(known, one.shard)
    with without_sql(core) as outage:
        for _ in range(5):
            assert [set(seen(core, cookie).profile) for cookie in cookies] == [{"name", "email"}] * 2
        assert len(outage.asked) == 1
        outage.seconds += 10
        seen(core, cookies[0])
        assert len(outage.asked) == 2
    # The real clock is far beyond: SQL is asked, and the profile is back.
    assert [seen(core, cookie).profile for cookie in cookies] == [PROFILE] * 2


@contextmanager
def counted(read: Callable[[Users, str], User]) -> Iterator[list[str]]:
    """List whom SQL is asked for meanwhile."""
    asked: list[str] = []

    def get(users: Users, sub: str) -> User:
        asked.append(sub)
        return read(users, sub)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Users, "get", get)
        yield asked


_BEGINNINGS = itertools.count(-100_000.0, 1000.0)


@dataclass
class Outage:
    """What is asked of a store that is away, by a clock that stands still, long ago."""

    asked: list[str]
    seconds: float = field(default_factory=_BEGINNINGS.__next__)

    def monotonic(self) -> float:
        """Return the time of this clock."""
        return self.seconds


@contextmanager
def without_sql(core: Core) -> Iterator[Outage]:
    """Let every look into SQL fail meanwhile."""

    def away(_users: Users, _sub: str) -> User:
        raise Unavailable

    with counted(away) as asked, pytest.MonkeyPatch.context() as patch:
        outage = Outage(asked)
        patch.setattr(legacy_copies, "time", outage)
        yield outage


# Sessions, families and grants


def test_an_older_worker_reads_the_session_that_a_new_one_opened(core: Core, older: OlderWorker) -> None:
    user = person(core)
    sid = core.services.sessions.open(
        user, remember=True, amr=("pwd", "otp"), user_agent="Firefox", address="10.1.2.3", previous=None
    ).session.sid
    amr, acr, opened_at, user_agent, address, is_remembered = read_about(
        core.record(sid, "session", sid)["about"]
    )
    assert (amr, acr, opened_at) == (("pwd", "otp"), "urn:sso:two-factors", core.time())
    assert (user_agent, address, is_remembered) == ("Firefox", "10.1.2.3", True)
    view = core.services.sessions.view(sid)
    assert view is not None
    assert view.user_agent == "Firefox"


def test_a_session_that_an_older_worker_opens_anew_tells_of_that_login(
    core: Core, older: OlderWorker
) -> None:
    user = person(core)
    opened = core.open(user)
    sid = opened.session.sid
    core.time.move(1000)
    older.set(sid[:2], "session", sid, about=about_to_json(("pwd", "mfa"), core.time(), "Safari", "10.9.9.9"))
    session = core.services.sessions.visit(opened.cookie).session
    assert session is not None
    assert (session.amr, session.opened_at) == (("pwd", "mfa"), core.time())
    view = core.services.sessions.view(sid)
    assert view is not None
    assert (view.user_agent, view.address) == ("Safari", "10.9.9.9")
    login = core.services.sessions.steps(sid)[-1]
    assert (login.at, login.user_agent) == (core.time(), "Safari")


def test_a_session_of_an_older_worker_goes_on_and_a_new_login_keeps_its_steps(
    core: Core, older: OlderWorker
) -> None:
    user, client = person(core), core.site()
    opened = core.open(user)
    sid = opened.session.sid
    before = core.time()
    older.forget(sid[:2], "session", sid, "login")
    older.set(sid[:2], "session", sid, about=about_to_json(("pwd",), before, "Safari", "10.9.9.9"))
    asked = request_of(client, address="10.9.9.9", user_agent="Safari")
    assert core.services.grants.issue(opened.cookie, asked).code
    core.time.move(1000)
    again = core.open(user, previous=opened.cookie)
    assert again.session.sid == sid
    told = [
        (step.at, step.client_id, step.user_agent, step.address) for step in core.services.sessions.steps(sid)
    ]
    assert told == [
        (core.time(), "", "", ""),
        (before, client.client_id, "Safari", "10.9.9.9"),
        (before, "", "Safari", "10.9.9.9"),
    ]


def test_refresh_tokens_go_on_in_both_directions(core: Core, older: OlderWorker) -> None:
    user, client = person(core), core.site(grant_types=REFRESHING)
    first = core.redeem(core.code(core.open(user).cookie, client), client)
    assert first.refresh_token
    active = core.services.tokens.find_active(first.access_token)
    assert active is not None
    assert active.family is not None
    record = core.record(active.family, "family", active.family)
    assert read_about(record["about"])[:2] == (("pwd",), "urn:sso:password")

    shard = active.family[:2]
    older.forget(shard, "family", active.family, "login")
    about = about_to_json(("pwd", "mfa"), core.time(), "Safari", "10.9.9.9")
    older.set(shard, "family", active.family, about=about)
    refreshed = core.services.tokens.refresh(first.refresh_token, client=client, scope=None)
    assert refreshed.authentication.amr == ("pwd", "mfa")


@pytest.mark.parametrize("nonce", ["n-0S6", None])
def test_grants_are_redeemed_in_both_directions(core: Core, older: OlderWorker, nonce: str | None) -> None:
    user, client = person(core), core.site()
    code = core.code(core.open(user).cookie, client, scope=("openid", "email"), nonce=nonce)
    record = core.record(user.shard, "grant", hashed(code))
    assert read_grant(record["about"]) == (("openid", "email"), nonce)
    assert (record["scope"], record["redirect"]) == ("openid email", REDIRECT)

    older.forget(user.shard, "grant", hashed(code), "nonce")
    redeemed = core.redeem(code, client)
    assert (redeemed.scope, redeemed.nonce) == (("openid", "email"), nonce)


def test_an_app_that_a_new_worker_let_in_is_read_by_an_older_one(core: Core, older: OlderWorker) -> None:
    user, client = person(core), core.site(access_token_format="app")
    code = core.code(core.open(user).cookie, client)
    redeemed = core.redeem(code, client, address="10.1.1.1", user_agent="app/1")
    sid = redeemed.authentication.sid
    assert sid is not None
    about = read_about(core.record(sid, "session", sid)["about"])
    assert (about[0], about[3:]) == (("pwd",), ("app/1", "10.1.1.1", True))
    assert json.loads(core.record(sid, "session", sid)["login"])["user_agent"] == "app/1"


# The account in SQL


def test_somebody_whom_an_older_worker_added_has_a_profile(core: Core, older: OlderWorker) -> None:
    user = core.person()
    known = older.copy(user.sub, user.shard)
    added = dataclasses.replace(
        known, sub=user.sub + "x", username=user.username + "x", email="new@example.org"
    )
    with core.services.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO users (sub, username, name, email, roles, is_disabled, must_change_password,"
            " version, epoch, refresh_epoch, access_epoch, consents, created_at, updated_at)"
            " SELECT ?, ?, ?, ?, roles, is_disabled, must_change_password, version, epoch, refresh_epoch,"
            " access_epoch, consents, created_at, updated_at FROM users WHERE sub = ?",
            (added.sub, added.username, added.name, added.email, user.sub),
        )
    assert core.services.users.get(added.sub).profile == {"name": user.username, "email": "new@example.org"}
