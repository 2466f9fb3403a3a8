"""`sso-center sessions`, `logout` and `keys`."""

import json
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
    assert center.run("logout", "--role", "night").stdout == "Logged out 2 people, 2 sessions, 1 site.\n"
    assert [is_in(site, browser) for browser in (first, second, other)] == [False, False, True]


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
    [[], ["--everyone", "--role", "x"], ["--user", "a", "--client", "b"]],
    ids=["none", "two", "both"],
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
