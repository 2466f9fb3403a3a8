"""Every page of the center in a browser: nothing wider than a phone, and nothing that axe-core objects to.

The console stands on a thousand sessions. With SCREENSHOTS set (`make screenshots`) pictures are kept as
well, of every page at phone and desktop width, in light and dark.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from sso_center.core.reasons import Reason
from tests.harness.center import Center, Person
from tests.harness.chromium import Chromium
from tests.harness.needs import AXE
from tests.harness.receiver import Receiver
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.journeys.crowd import fill
from tests.journeys.demo import Account
from tests.journeys.test_demo import sign_in
from tests.journeys.test_pictures import SCREENS

pytestmark = [pytest.mark.needs_chromium, pytest.mark.needs_axe]

LOOKED_AT = {"phone-dark": ("color-contrast", "link-in-text-block"), "desktop-light": ()}
"""What is looked at without pictures: each width and each scheme once, and by which rules of axe-core.

Nearly all rules, which are asked once, are about what both have in common.
"""

Look = Callable[[str, str], None]


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center()


@pytest.fixture(scope="module")
def sites(center: Center) -> Iterator[list[Site]]:
    with Receiver() as receiver:
        yield fill(center, receiver)


@pytest.fixture
def look(center: Center, chromium: Chromium) -> Iterator[Look]:
    """Look at a page, or at the open one when the path is empty; complaints are told at the end."""
    folder, complaints = os.environ.get("SCREENSHOTS"), []

    def look(name: str, path: str) -> None:
        if path:
            chromium.open(center.url(path))
        for screen, (size, is_dark) in SCREENS.items():
            if not folder and screen not in LOOKED_AT:
                continue
            chromium.resize(*size, dark=is_dark)
            if folder:
                Path(folder).mkdir(parents=True, exist_ok=True)
                chromium.screenshot(Path(folder) / f"{name}-{screen}.png")
            if chromium.overflows():
                complaints.append(f"{name} on {screen} is wider than the screen")
            if screen in LOOKED_AT:
                found = chromium.violations(AXE, only=LOOKED_AT[screen])
                complaints.extend(f"{name} on {screen}: {one}" for one in found)
        complaints.extend(f"{name}: {one}" for one in chromium.console_errors())

    yield look
    assert complaints == []


def as_account(person: Person) -> Account:
    return Account(person.username, person.password)


def test_pages_of_people(center: Center, sites: list[Site], chromium: Chromium, look: Look) -> None:
    person = center.add_person(roles=["member"])
    look("axe-login", "/login")
    sign_in(chromium, Account(person.username, "not the password"))
    look("axe-login-refused", "")
    chromium.open(sites[0].attempt().url)
    sign_in(chromium, as_account(person))
    look("axe-account", "/account")
    chromium.find(".uses summary").click()
    look("axe-account-activity", "")
    sid = center.services.sessions.of_user(person.sub)[0].sid
    look("disown", f"/account/sessions/{sid}/not-me")
    look("axe-password", "/account/password")
    look("axe-logout", "/logout")
    look("axe-account-zh", "/account?lang=zh")
    look("axe-not-found", "/nowhere?lang=en")
    look("axe-refused", "/authorize?client_id=nobody")
    look("console-refused", "/admin")
    partner = center.add_site(is_third_party=True, name="Harbour Freight")
    asked = {"client_id": partner.client_id, "redirect_uri": partner.redirect_uri, "response_type": "code"}
    look("axe-consent", f"/authorize?{urlencode({**asked, 'scope': 'openid profile email'})}")
    look("logout-at-a-site", f"/logout?client_id={sites[0].client_id}")
    chromium.find("#scope-site").click()
    chromium.press("#logout-confirm")
    look("signed-out-of-a-site", "")
    chromium.open(center.url("/logout"))
    chromium.press("#logout-confirm")
    look("axe-signed-out", "")
    chromium.press("#sign-in-again")
    sign_in(chromium, as_account(person))
    chromium.open(center.url("/logout"))
    chromium.find("#scope-everywhere").click()
    chromium.press("#logout-confirm")
    look("signed-out-everywhere", "")


def test_pages_of_the_console(center: Center, sites: list[Site], chromium: Chromium, look: Look) -> None:
    services = center.services
    ada, bob = center.add_person(roles=["sso-admin"]), services.users.find("person010")
    assert bob is not None
    sid, shop = services.sessions.of_user(bob.sub)[0].sid, sites[0].client_id
    chromium.open(center.url("/admin"))
    sign_in(chromium, as_account(ada))
    look("console-overview", "")
    for name, path in (
        ("overview-week", "?span=week"),
        ("sessions", "/sessions"),
        ("sessions-of-one", "/sessions?user=person010"),
        ("session", f"/sessions/{sid}"),
        ("session-end", f"/sessions/{sid}/end"),
        ("end", "/end"),
        ("end-nobody", "/end/user?name=nobody"),
        ("end-role", "/end/role?name=staff"),
        ("users", "/users"),
        ("user", f"/users/{bob.sub}"),
        ("user-new", "/users/new"),
        ("user-edit", f"/users/{bob.sub}/edit"),
        ("user-disable", f"/users/{bob.sub}/disable"),
        ("clients", "/clients"),
        ("client", f"/clients/{shop}"),
        ("client-new", "/clients/new"),
        ("client-edit", f"/clients/{shop}/edit"),
        ("audit", "/audit"),
        ("keys", "/keys"),
        ("overview-zh", "?lang=zh"),
    ):
        look(f"console-{name}", f"/admin{path}")
    chromium.open(center.url(f"/admin/clients/{shop}/try?lang=en"))
    chromium.press("#confirm")
    look("console-client-tried", "")
    chromium.open(center.url("/admin/users/new"))
    chromium.type("username", "<script>alert(1)</script>")
    chromium.press("#go-on")
    look("console-question", "")
    chromium.press("#confirm")
    look("console-secret", "")
    chromium.open(center.url("/admin/end/role?name=staff"))
    chromium.press("#confirm")
    ending = urlsplit(chromium.url).path
    look("console-ending-begun", "")
    wanted = "Sessions ended: "
    eventually(
        lambda: chromium.open(chromium.url) or wanted in chromium.text, what="the end of the walk", within=60
    )
    look("console-ending", ending)
    chromium.press("section[aria-labelledby=ended] a")
    look("console-ending-of-one", "")
    look("console-endings", "/admin/endings")
    long = center.services.users.add(
        "x" * 100, profile={"name": "Maximilian-" * 18, "email": f"{'x' * 60}@example.org"}
    )
    look("console-long-name", f"/admin/users/{long.sub}")


def test_the_script_keeps_a_page_up_to_date_until_it_is_paused_or_the_login_is_too_old(
    center: Center, sites: list[Site], chromium: Chromium
) -> None:
    chromium.open(center.url("/admin/endings"))
    sign_in(chromium, as_account(center.add_person(roles=["sso-admin"])))
    control = chromium.find("[data-live-control]")
    chromium.driver.execute_script("window.isSame = true")
    end(center, "person099")
    # Not waited for: whoever comes back to a page has it brought up to date at once.
    eventually(lambda: come_back(chromium) and "Everything of person099" in chromium.text, what="the ending")
    assert control.text == "Live"
    control.click()
    assert (control.text, control.get_attribute("aria-pressed")) == ("Paused", "true")
    end(center, "person098")
    come_back(chromium)
    center.move_clock(3601)
    assert "Everything of person098" not in chromium.text
    control.click()
    eventually(lambda: control.text == "Not live any more: reload", what="the end of the script")
    assert "Everything of person098" not in chromium.text
    assert chromium.driver.execute_script("return window.isSame")
    chromium.press("[data-live-control]")
    assert chromium.has("login-submit")
    assert not chromium.console_errors()


def end(center: Center, username: str) -> None:
    user = center.services.users.find(username)
    assert user is not None
    list(center.services.mass_endings.end("user", user.sub, Reason.ADMIN, "cli"))


def come_back(chromium: Chromium) -> bool:
    """Let the page believe that it was in the background."""
    chromium.driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    return True
