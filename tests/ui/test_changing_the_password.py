"""Changing the password: everybody else is out, this browser goes on."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest

from sso_center.base.errors import Conflict
from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.ui.conftest import Member

NEW = "seven green bicycles"


def change(member: Member, current: str, new: str = NEW, repeat: str | None = None) -> Page:
    page = member.get("/account/password")
    repeat = new if repeat is None else repeat
    return member.browser.submit(page, "current", current=current, new=new, repeat=repeat)


def test_the_change_ends_every_other_session_and_keeps_this_browser_in(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    other = sign_in(member.person)
    before = member.browser.cookies_for("sso.localhost")["sso"]
    assert change(member, member.person.password).headers["Location"] == "/account"
    assert not other.is_signed_in
    page = member.get("/account")
    assert "Your password is changed" in page.text
    assert member.browser.cookies_for("sso.localhost")["sso"] != before


def test_the_old_cookie_is_worth_nothing_after_the_change(member: Member) -> None:
    twin = member.browser.twin()
    change(member, member.person.password)
    assert twin.get(member.center.url("/account")).status == 303
    twin.close()


def test_where_the_rule_says_so_other_sessions_go_on_and_nobody_is_told_otherwise(
    new_center: Callable[..., Center], new_browser: Callable[[], Browser]
) -> None:
    center = new_center(settings={"SSO_ON_PASSWORD_CHANGE": "refresh_tokens", "SSO_ON_DISABLED": "nothing"})
    person = center.add_person()
    here, there = (Member(center, person, new_browser()) for _ in range(2))
    for one in (here, there):
        one.browser.log_in(one.get("/login"), person.username, person.password)
    assert "signed out" not in here.get("/account/password").text
    change(here, person.password)
    assert "All other devices" not in here.get("/account").text
    assert there.is_signed_in

    command = ("users", "set-password", person.username, "--password-stdin")
    assert "signed out" not in center.run(*command, stdin="eight red tricycles").stdout
    assert there.is_signed_in
    assert "signed out" not in center.run("users", "disable", person.username).stdout
    assert not there.is_signed_in
    center.run("users", "enable", person.username)
    assert there.is_signed_in


def test_sites_are_told_that_the_session_ended(member: Member, receiver: Receiver) -> None:
    site = member.center.add_site(backchannel_logout_uri=receiver.uri)
    signed_in = site.sign_in(member.browser)
    change(member, member.person.password)
    assert not site.is_alive(signed_in.sid)
    assert receiver.wait_for(1, sid=signed_in.sid)


def test_afterwards_only_the_new_password_opens(member: Member, sign_in: Callable[..., Member]) -> None:
    change(member, member.person.password)
    users = member.center.services.users
    assert users.authenticate(member.person.username, NEW) is not None
    assert users.authenticate(member.person.username, member.person.password) is None


def test_a_remembered_browser_stays_remembered(sign_in: Callable[..., Member]) -> None:
    member = sign_in(remember=True)
    change(member, member.person.password)
    (session,) = member.center.services.sessions.of_user(member.person.sub)
    assert session.is_remembered


@pytest.mark.parametrize(
    ("current", "new", "repeat", "words"),
    [
        ("wrong", NEW, None, "not your current password"),
        (None, NEW, "another", "not the same"),
        (None, "short", None, "at least 8"),
        (None, "", "", "enter a new password"),
        (None, "password", None, "first that anyone would try"),
        (None, "x" * 1100, None, "too long"),
        ("x" * 1100, NEW, None, "not your current password"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    member: Member, current: str | None, new: str, repeat: str | None, words: str
) -> None:
    page = change(member, current or member.person.password, new, repeat)
    assert page.status == 400
    assert words in page.text
    assert not any(field in page.form("current").values.values() for field in {current, new} - {None, ""})
    assert member.is_signed_in
    users = member.center.services.users
    assert users.authenticate(member.person.username, member.person.password) is not None


def test_whoever_is_not_signed_in_is_sent_to_the_login(center: Center, browser: Browser) -> None:
    page = browser.get(center.url("/account/password"))
    assert page.headers["Location"] == "/login?next=%2Faccount%2Fpassword"


def test_a_login_under_way_with_the_old_password_does_not_survive_the_change(
    center: Center, new_browser: Callable[..., Browser]
) -> None:
    # A hash that takes long to check keeps the login under way while the password is changed.
    old, users = "four blue tricycles", center.services.users
    slow = argon2.PasswordHasher(time_cost=16, memory_cost=65_536, parallelism=1).hash(old)
    for turn in range(3):
        user = users.add(f"in-a-hurry-{turn}-{secrets.token_hex(4)}", password_hash=slow)
        browser = new_browser()
        page = browser.get(center.url("/login"))
        with ThreadPoolExecutor(1) as aside:
            answer = aside.submit(browser.log_in, page, user.username, old)
            users.set_password(user.sub, NEW)
        assert answer.result().status in (403, 409)
        assert browser.get(center.url("/account")).status == 303
        assert not center.services.sessions.of_user(user.sub)


def test_a_change_proven_with_a_password_that_was_replaced_meanwhile_is_refused(center: Center) -> None:
    person, users = center.add_person(), center.services.users
    proven = users.get(person.sub)
    users.set_password(person.sub, "set anew by an admin")
    with pytest.raises(Conflict):
        users.set_password(person.sub, "chosen by a thief", version=proven.version)
    assert users.authenticate(person.username, "set anew by an admin") is not None
