"""`sso-center sessions`, `logout` and `keys`."""

import json
import re
from collections.abc import Callable

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.harness.site import Site


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of our own: everyone is logged out here."""
    return new_module_center()


@pytest.fixture(scope="module")
def site(center: Center) -> Site:
    return center.add_site("first")


def signed_in(
    center: Center, site: Site, new_browser: Callable[[], Browser], **who
) -> tuple[Person, Browser]:
    person, browser = center.add_person(**who), new_browser()
    site.sign_in(browser, person)
    return person, browser


def is_in(site: Site, browser: Browser) -> bool:
    return site.visit(browser).location.startswith(site.redirect_uri)


def test_sessions_are_listed_and_one_is_ended_and_its_sites_told(
    center: Center, receiver: Receiver, new_browser: Callable[[], Browser]
) -> None:
    site = center.add_site("told", backchannel_logout_uri=receiver.uri)
    person, browser = signed_in(center, site, new_browser)
    _, bystander = signed_in(center, site, new_browser)
    [session] = json.loads(center.run("sessions", "list", "--user", person.username, "--json").stdout)
    assert (session["username"], session["clients"], session["address"]) == (
        person.username,
        ["told"],
        "127.0.0.1",
    )
    assert session["sid"] in center.run("sessions", "list", "--client", "told").stdout
    assert session["sid"] not in center.run("sessions", "list", "--client", "another").stdout

    assert "told" in center.run("sessions", "end", session["sid"]).stdout
    receiver.wait_for(1, sid=session["sid"])
    assert not is_in(site, browser)
    assert is_in(site, bystander)
    again = center.run("sessions", "end", session["sid"], check=False)
    assert again.returncode == 1
    assert "no session" in again.stderr


def test_a_logout_of_a_role_reaches_its_people_only_and_can_be_rehearsed(
    center: Center, site: Site, new_browser: Callable[[], Browser]
) -> None:
    _, first = signed_in(center, site, new_browser, roles=["night"])
    _, second = signed_in(center, site, new_browser, roles=["night", "day"])
    _, other = signed_in(center, site, new_browser, roles=["day"])
    assert center.run("logout", "--role", "night", "--dry-run").stdout == (
        "Would log out 2 people, 2 sessions, 1 site.\n"
    )
    assert is_in(site, first)
    said = center.run("logout", "--role", "night").stdout.splitlines()
    assert re.fullmatch(r"Logged out everybody with the role night, in \d+ ms\.", said[0])
    assert said[1:] == ["Ended 2 sessions."]
    assert [is_in(site, browser) for browser in (first, second, other)] == [False, False, True]


def test_a_logout_shows_how_far_it_is_and_tells_the_sites(
    center: Center, receiver: Receiver, new_browser: Callable[[], Browser]
) -> None:
    site = center.add_site("told-of-all", backchannel_logout_uri=receiver.uri)
    for _ in range(3):
        signed_in(center, site, new_browser, roles=["cleaner"])
    done = center.run("logout", "--role", "cleaner")
    assert done.stdout.splitlines()[1] == "Ended 3 sessions."
    assert done.stderr.splitlines()[-1] == "100 %, 3 sessions"
    receiver.wait_for(3)
    shown = center.run("logout", "--progress").stdout
    assert "everybody with the role cleaner: done, 3 sessions" in shown
    assert "Every session that was cut off is ended." in shown


def test_a_logout_can_be_left_to_the_running_center(
    center: Center, receiver: Receiver, new_browser: Callable[[], Browser]
) -> None:
    site = center.add_site("left-to-it", backchannel_logout_uri=receiver.uri)
    _, browser = signed_in(center, site, new_browser, roles=["guard"])
    said = center.run("logout", "--role", "guard", "--no-wait").stdout.splitlines()
    assert not is_in(site, browser)
    assert said[1] == "The running center ends the sessions: sso-center logout --progress"
    receiver.wait_for(1)


def test_a_logout_that_no_courier_follows_is_walked_by_the_command_itself(
    new_center: Callable[..., Center],
) -> None:
    alone = new_center(start=False)
    assert alone.run("logout", "--everyone").stdout.splitlines()[1] == "Ended 0 sessions."
    assert "everybody: done, 0 sessions" in alone.run("logout", "--progress").stdout


def test_a_site_is_taken_out_of_every_session(
    center: Center, site: Site, new_browser: Callable[[], Browser]
) -> None:
    other = center.add_site("taken-out")
    _, browser = signed_in(center, site, new_browser)
    other.visit(browser)
    said = center.run("logout", "--client", "taken-out").stdout.splitlines()
    assert said[0].startswith("Logged out everybody at taken-out, in ")
    assert said[1] == "The site is out of 1 session."
    assert is_in(site, browser)


def test_a_logout_of_one_person_and_of_everyone(
    center: Center, site: Site, new_browser: Callable[[], Browser]
) -> None:
    person, first = signed_in(center, site, new_browser)
    _, second = signed_in(center, site, new_browser)
    center.run("logout", "--user", person.username)
    assert [is_in(site, browser) for browser in (first, second)] == [False, True]
    center.run("logout", "--everyone")
    assert not is_in(site, second)
    assert center.run("sessions", "list").stdout == "No session is open.\n"


@pytest.mark.parametrize(
    "options",
    [[], ["--everyone", "--role", "x"], ["--user", "a", "--client", "b"], ["--everyone", "--progress"]],
    ids=["none", "two", "both", "progress"],
)
def test_a_logout_of_nothing_or_of_two_things_is_refused(center: Center, options: list[str]) -> None:
    done = center.run("logout", *options, check=False)
    assert done.returncode == 2
    assert "exactly one" in done.stderr


def test_a_logout_of_somebody_unknown_is_refused(center: Center) -> None:
    for option in ("--user", "--client"):
        done = center.run("logout", option, "nobody-knows", check=False)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_keys_are_listed_and_rotated_under_a_running_center(
    center: Center, site: Site, new_browser: Callable[[], Browser]
) -> None:
    _, browser = signed_in(center, site, new_browser)

    def kids() -> set[str]:
        return {entry["kid"] for entry in center.get("/jwks.json").json()["keys"]}

    before = kids()
    assert center.run("keys", "rotate", "--purpose", "ES256").stdout == "Rotated ES256.\n"
    center.run("keys", "rotate", "--purpose", "cookie")
    assert is_in(site, browser), "a cookie of before still counts"
    assert len(kids() - before) == 1
    assert before < kids()
    printed = center.run("keys", "list", "--json").stdout
    states = {(key["purpose"], key["state"]) for key in json.loads(printed)}
    assert ("ES256", "retired") in states
    assert "private" not in printed
    assert center.run("keys", "list").stdout.count("\n") == len(json.loads(printed)) + 1
