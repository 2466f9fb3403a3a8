"""Presence: who is here and with what, how many may be, and what people are told whose session is over."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.waiting import eventually
from tests.stories.running import Subsystem, Town

MINUTE, HOUR = 60, 3600
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
TOO_MANY = "Only so many sign-ins are allowed at the same time"

NewBrowser = Callable[..., Browser]


@pytest.fixture(scope="module")
def town(new_town: Callable[..., Town]) -> Town:
    """A town without limits."""
    return new_town()


@pytest.fixture(scope="module")
def shop(town: Town) -> Subsystem:
    return town.open("shop")


def sign_in(center: Center, person: Person, browser: Browser) -> Page:
    """Type a name and a password at the center."""
    return browser.log_in(browser.get(center.url("/login?again=1")), person.username, person.password)


def is_in(center: Center, browser: Browser) -> bool:
    return browser.get(center.url("/account")).status == 200


def told(center: Center, browser: Browser) -> str:
    """Return what the login page tells of the session that is over, or an empty string."""
    _, _, notice = browser.get(center.url("/login")).text.partition('<div class="notice" role="status">')
    return notice.partition("</div>")[0]


def shown(town: Town, *command: str) -> Any:
    return json.loads(town.admin(*command, "--json"))


# Who is here


def test_an_admin_sees_who_is_here_and_what_is_used(
    town: Town, shop: Subsystem, new_browser: NewBrowser
) -> None:
    forum = town.center.add_site("forum")
    town.center.move_clock(60 * MINUTE)
    # At first nobody is here. Four people come, one after the other, the last of them with two devices.
    seen = shown(town, "presence")
    assert seen["last_60"] == 0
    before = {one["client_id"]: one["grants"] for one in seen["clients"]}
    for minutes in (30, 8, 3, 0):
        person = town.center.add_person()
        page = new_browser()
        page.follow(page.log_in(shop.show(page), person.username, person.password))
        town.center.move_clock({30: 22, 8: 5, 3: 3, 0: 0}[minutes] * MINUTE)
    forum.sign_in(new_browser(), person)

    # One person was here 30 minutes ago, one 8, one 3, and one is here now: with two devices once.
    seen = shown(town, "presence")
    assert [seen[when] for when in ("now", "last_5", "last_15", "last_60")] == [1, 2, 3, 4]
    # The shop was opened four times, the forum once.
    used = {one["client_id"]: one["grants"] - before.get(one["client_id"], 0) for one in seen["clients"]}
    assert {client: grants for client, grants in used.items() if grants} == {"shop": 4, "forum": 1}

    # Whoever signs out is not here any more.
    page.submit(page.get(town.center.url("/account")), "logout")
    assert shown(town, "presence")["now"] == 1, "the other device is still here"
    town.admin("logout", "--user", person.username)
    assert shown(town, "presence")["now"] == 0


def test_the_last_twenty_five_steps_of_each_session_are_kept(
    town: Town, shop: Subsystem, new_browser: NewBrowser
) -> None:
    wen, phone = town.center.add_person(), new_browser(user_agent=IPHONE)
    page = phone.follow(phone.log_in(shop.show(phone), wen.username, wen.password))
    sid = json.loads(page.text)["sid"]

    # It was seen just now: the login, and the shop, with time, address and device.
    session = shown(town, "sessions", "show", sid)
    now = town.center.clock.now_ms()
    assert now - MINUTE * 1000 < session["seen_at"] <= now
    assert session["device_type"] == "phone"
    steps = [(one["client_id"], one["address"], one["user_agent"]) for one in session["steps"]]
    assert steps == [("shop", "127.0.0.1", IPHONE), ("", "127.0.0.1", IPHONE)]

    # Two minutes later a page of the shop is opened: the shop asks, which is a step, and touches the session.
    town.center.move_clock(2 * MINUTE)
    assert shop.show(phone).status == 200
    session = shown(town, "sessions", "show", sid)
    assert session["seen_at"] >= now + 2 * MINUTE * 1000
    assert [one["client_id"] for one in session["steps"]] == ["shop", "shop", ""]

    # Of many steps the last twenty-five are kept, and Wen finds them on the account page.
    site = town.center.add_site("wiki", name="The wiki")
    for _ in range(30):
        site.sign_in(phone)
    steps = shown(town, "sessions", "show", sid)["steps"]
    assert [one["client_id"] for one in steps] == ["wiki"] * 25
    activity = (
        phone.get(town.center.url("/account")).text.partition('class="uses"')[2].partition("</details>")[0]
    )
    assert activity.count("The wiki") == 25
    assert "Safari on iPhone" in activity


# What people are told


def test_each_way_of_being_out_is_told_apart(town: Town, new_browser: NewBrowser) -> None:
    noor = town.center.add_person("noor")
    desk, home, phone = new_browser(), new_browser(), new_browser(user_agent=IPHONE)

    # Signed out, from another device.
    sign_in(town.center, noor, desk)
    sign_in(town.center, noor, home)
    home.submit(home.get(town.center.url("/account")), "end-others")
    assert told(town.center, desk).startswith("You were signed out here, from another device")

    # Replaced by a newer login: somebody else signed in at the same browser.
    before = home.twin()
    sign_in(town.center, town.center.add_person(), home)
    assert told(town.center, before).startswith("A newer sign-in has taken the place of yours.")

    # Ended by an admin.
    sign_in(town.center, noor, phone)
    (session,) = shown(town, "sessions", "list", "--user", "noor")
    assert "no site" in town.admin("sessions", "end", session["sid"])
    assert told(town.center, phone).startswith("An administrator has signed you out.")

    # Expired, after two hours without use.
    sign_in(town.center, noor, phone)
    assert told(town.center, phone) == ""
    town.center.move_clock(2 * HOUR + MINUTE)
    assert told(town.center, phone).startswith("Your sign-in has expired.")


# How many may be here


def test_one_login_too_many_ends_the_least_recently_seen(
    new_town: Callable[..., Town], new_browser: NewBrowser
) -> None:
    center = new_town(SSO_SESSIONS_PER_USER="2").center
    wen = center.add_person()
    desk, home, phone = new_browser(), new_browser(), new_browser(user_agent=IPHONE)
    for browser in (desk, home):
        sign_in(center, wen, browser)
        center.move_clock(2 * MINUTE)
    # The desk was opened first and used last, so the browser at home makes room for the phone.
    assert is_in(center, desk)
    assert sign_in(center, wen, phone).status == 303
    assert [is_in(center, browser) for browser in (desk, home, phone)] == [True, False, True]
    assert told(center, home).startswith(TOO_MANY)
    assert told(center, desk) == ""


def test_or_one_login_too_many_is_refused(new_town: Callable[..., Town], new_browser: NewBrowser) -> None:
    center = new_town(SSO_SESSIONS_PER_USER="2", SSO_SESSIONS_PER_USER_POLICY="refuse").center
    wen, late = center.add_person(), new_browser()
    desk, phone = new_browser(), new_browser(user_agent=IPHONE)
    for browser in (desk, phone):
        sign_in(center, wen, browser)

    # The third is told where the two are, and gets in as soon as one of them is signed out.
    page = sign_in(center, wen, late)
    assert page.status == 409
    assert "You are signed in on 2 devices already" in page.text
    assert "Chrome on Linux" in page.text
    assert "Safari on iPhone" in page.text
    assert [is_in(center, browser) for browser in (desk, phone, late)] == [True, True, False]
    phone.submit(phone.get(center.url("/account")), "logout")
    assert sign_in(center, wen, late).status == 303
    assert is_in(center, late)


def test_the_limit_may_be_meant_for_each_type_of_device_and_there_is_one_for_all_people_together(
    new_town: Callable[..., Town], new_browser: NewBrowser
) -> None:
    limits = {"SSO_SESSIONS_PER_USER": "1", "SSO_SESSIONS_BY_DEVICE_TYPE": "yes", "SSO_SESSIONS_TOTAL": "4"}
    center = new_town(**limits).center
    wen = center.add_person()
    desk, laptop, phone = new_browser(), new_browser(), new_browser(user_agent=IPHONE)

    # One desktop and one phone are allowed; a second desktop takes the place of the first.
    for browser in (desk, phone, laptop):
        sign_in(center, wen, browser)
        center.move_clock(2 * MINUTE)
    assert [is_in(center, browser) for browser in (desk, phone, laptop)] == [False, True, True]

    # Four sessions are allowed altogether. When three more people come, the least recently seen goes.
    center.move_clock(2 * MINUTE)
    assert is_in(center, laptop)
    others = [new_browser() for _ in range(3)]
    for browser in others:
        center.move_clock(2 * MINUTE)
        sign_in(center, center.add_person(), browser)
    eventually(lambda: len(center.services.sessions.of_user(wen.sub)) == 1, what="the courier's round")
    assert told(center, phone).startswith(TOO_MANY)
    assert [is_in(center, browser) for browser in (laptop, *others)] == [True] * 4


def test_a_site_may_have_a_limit_of_its_own(town: Town, shop: Subsystem, new_browser: NewBrowser) -> None:
    town.admin("clients", "update", "shop", "--max-sessions", "2")
    browsers, sids = [new_browser() for _ in range(3)], []

    def sids_at(client_id: str) -> list[str]:
        found = {one.sid for one in town.center.services.sessions.every() if client_id in one.client_ids}
        return [sid for sid in sids if sid in found]

    for browser in browsers:
        person = town.center.add_person()
        page = browser.follow(browser.log_in(shop.show(browser), person.username, person.password))
        sids.append(json.loads(page.text)["sid"])
        town.center.move_clock(MINUTE + 1)

    # Within seconds the courier takes out who was at the shop least recently, and the shop is told.
    eventually(lambda: sids_at("shop") == [sids[1], sids[2]], what="the courier's round")
    first, second, third = browsers
    eventually(lambda: first.get(shop.url + "/").status == 303, what="the notice")
    # They are still signed in at the center: opening the shop again needs no password, and another goes.
    assert is_in(town.center, first)
    assert shop.show(first).url == shop.url + "/"
    eventually(lambda: sids_at("shop") == [sids[0], sids[2]], what="the courier's round")
    eventually(lambda: second.get(shop.url + "/").status == 303, what="the notice")
    assert third.get(shop.url + "/").status == 200
    town.admin("clients", "update", "shop", "--max-sessions", "0")
