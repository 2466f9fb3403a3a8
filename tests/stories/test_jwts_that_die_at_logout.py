"""JWTs that die at logout: all of a session by its sid, one by its jti, any number at once by a cut-off."""

import json
from collections.abc import Callable

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Person
from tests.harness.waiting import eventually
from tests.stories.running import Town
from tests.stories.tea import BOUND, MINUTE, TOKEN_LIFETIME, Tea, open_tea

WEEK = 7 * 24 * 3600
CLOCKS_DIFFER = MINUTE
"""How far clocks may differ: taken-back tokens are remembered for so much longer than they live."""

NewBrowser = Callable[..., Browser]


@pytest.fixture(scope="module")
def tea(new_town: Callable[..., Town]) -> Tea:
    return open_tea(new_town())


def denied_for(tea: Tea, name: str) -> float:
    """Return for how many seconds Redis goes on denying a sid or jti; negative when it does not."""
    return tea.center.hot.kept(name).get("denied", -2000) / 1000


def test_a_logout_ends_every_token_of_the_session_and_none_of_another(
    tea: Tea, new_browser: NewBrowser
) -> None:
    wen, desk, home = tea.center.add_person(), new_browser(), new_browser()
    tea.sign_in(desk, wen)
    tea.sign_in(home, wen)

    # The session at the desk has given several tokens by now, and the API has let them in.
    first, claims = tea.token_of(desk)
    tea.center.move_clock(TOKEN_LIFETIME - MINUTE + 1)
    second, _ = tea.token_of(desk)
    at_home, _ = tea.token_of(home)
    assert first != second
    assert [tea.orders.ask("/orders", token).status_code for token in (first, second, at_home)] == [200] * 3

    # Wen signs out at the shop. By then the center denies the whole session by its sid ...
    desk.follow(desk.get(tea.shop.url + json.loads(tea.shop.show(desk).text)["logout"]))
    assert tea.shop.site.introspect(first) == tea.shop.site.introspect(second) == {"active": False}
    assert 0 < denied_for(tea, claims["sid"]) <= TOKEN_LIFETIME + CLOCKS_DIFFER
    # ... and tells the API that its tokens were for, which follows before its bound has passed: the clock
    # stands still. The other session goes on.
    for token in (first, second):
        eventually(
            lambda token=token: tea.orders.ask("/orders", token).status_code == 401,
            what="the API's refusal",
        )
    assert tea.opens(at_home)
    assert not tea.is_in(desk)


def test_one_token_is_taken_back_by_its_jti_for_as_long_as_it_would_live(tea: Tea, browser: Browser) -> None:
    tea.sign_in(browser, tea.center.add_person())
    token, claims = tea.token_of(browser)

    # Seven of its ten minutes are over when the shop gives it back: it need be denied for three more.
    tea.center.move_clock(7 * MINUTE)
    assert tea.orders.ask("/orders", token).status_code == 200
    assert denied_for(tea, claims["jti"]) < 0
    assert tea.shop.site.post("/revoke", {"token": token}).status_code == 200
    assert 0 < denied_for(tea, claims["jti"]) <= 3 * MINUTE + CLOCKS_DIFFER
    assert not tea.opens(token)

    # Neither the session nor the next token is touched by that.
    assert denied_for(tea, claims["sid"]) < 0
    assert browser.get(tea.shop.url + "/my-orders").status == 200


@pytest.mark.parametrize("scope", ["user", "client", "role", "everyone"])
def test_an_admin_cuts_off_many_in_one_step(tea: Tea, new_browser: NewBrowser, scope: str) -> None:
    # A waiter with two browsers, another waiter, and a manager, all at the shop.
    waiter, colleague = (tea.center.add_person(roles=(f"waiter-{scope}",)) for _ in range(2))
    manager = tea.center.add_person(roles=("manager",))
    people = {new_browser(): person for person in (waiter, waiter, colleague, manager)}
    for browser, person in people.items():
        tea.sign_in(browser, person)
    tokens = {browser: tea.token_of(browser)[0] for browser in people}
    assert all(tea.orders.ask("/orders", token).status_code == 200 for token in tokens.values())

    # The admin logs some of them out, and reads how many that were.
    names = {"user": waiter.username, "client": "shop", "role": f"waiter-{scope}"}
    printed = tea.town.admin("logout", f"--{scope}", *([names[scope]] if scope in names else []))
    assert printed.startswith("Logged out ")

    # From that answer on their tokens count nowhere, and the others' as before.
    reached = {
        "user": lambda person: person is waiter,
        "client": lambda person: True,
        "role": lambda person: person is not manager,
        "everyone": lambda person: True,
    }[scope]
    active = {browser: tea.shop.site.introspect(tokens[browser])["active"] for browser in people}
    assert active == {browser: not reached(person) for browser, person in people.items()}

    # Who signs in right afterwards is in, with a token that counts although it is of the same second.
    again = new_browser()
    tea.sign_in(again, waiter)
    assert tea.orders.ask("/orders", tea.token_of(again)[0]).status_code == 200
    assert tea.opens(tea.token_of(again)[0])
    for browser, person in people.items():
        assert tea.orders.ask("/orders", tokens[browser]).status_code == (401 if reached(person) else 200)
        # Those of one site are out of that site only: it is opened again without a password.
        assert tea.is_in(browser) is (scope == "client" or not reached(person))


def test_an_admin_states_what_a_change_ends(new_town: Callable[..., Town], new_browser: NewBrowser) -> None:
    tea = open_tea(
        new_town(
            SSO_ON_ROLE_LOST="sessions,refresh_tokens,access_tokens",
            SSO_ON_PASSWORD_CHANGE="access_tokens",
            SSO_ON_DISABLED="nothing",
        )
    )

    def somebody(name: str) -> tuple[Person, Browser, str]:
        person, browser = tea.center.add_person(name, roles=("manager", "waiter")), new_browser()
        tea.sign_in(browser, person)
        return person, browser, tea.token_of(browser)[0]

    # Here a lost role ends everything: Wen has to sign in anew.
    _, browser, token = somebody("wen")
    tea.town.admin("users", "set-roles", "wen", "--role", "waiter")
    assert not tea.opens(token)
    assert not tea.is_in(browser)

    # A new password ends Noor's access tokens only: she stays signed in, and gets another one.
    _, browser, token = somebody("noor")
    tea.center.secrets.add("another-long-password")
    tea.town.admin("users", "set-password", "noor", "--password-stdin", stdin="another-long-password")
    assert not tea.opens(token)
    assert browser.get(tea.shop.url + "/my-orders").status == 200
    assert tea.opens(tea.token_of(browser)[0])

    # A disabled account is refused everything while it is disabled; what it had is ended by no rule.
    _, browser, token = somebody("ida")
    tea.town.admin("users", "disable", "ida")
    assert not tea.opens(token)
    assert tea.shop.site.introspect(token) == {"active": False}
    tea.town.admin("users", "enable", "ida")
    tea.center.move_clock(BOUND)
    assert tea.opens(token)


def test_what_is_over_is_swept_away_and_no_key_stays_for_ever(tea: Tea, new_browser: NewBrowser) -> None:
    for _ in range(3):
        browser = new_browser()
        tea.sign_in(browser, tea.center.add_person())
        tea.token_of(browser)
    # By `sso-center doctor` people are signed in, and every key of theirs ends by itself.
    said = doctor(tea)
    assert "every key has an expiry" in said["Redis"]
    assert not said["sessions"][0].startswith("0 sessions of 0 people, 0 families")

    # Nobody comes back for two weeks. The sweep goes round in the background, and nothing is left to count.
    tea.center.move_clock(2 * WEEK)
    eventually(
        lambda: doctor(tea)["sessions"] == ["0 sessions of 0 people, 0 families of refresh and app tokens"],
        every=0.5,
        what="the sweep",
    )
    assert "every key has an expiry" in doctor(tea)["Redis"]


def doctor(tea: Tea) -> dict[str, list[str]]:
    """Return what `sso-center doctor` says, by subject; a clock that tests move is no reason to stop."""
    found: dict[str, list[str]] = {}
    for finding in json.loads(tea.center.run("doctor", "--json", check=False).stdout):
        found.setdefault(finding["subject"], []).append(finding["text"])
    return found
