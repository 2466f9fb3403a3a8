"""A picture of every page as a phone and a desktop show it, in light and dark; none scrolls sideways.

They are written to the folder named by SCREENSHOTS (`make screenshots`), else beside pytest's other files.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.harness.chromium import DESKTOP, PHONE, Chromium
from tests.journeys.demo import SITES, Account, Demo
from tests.journeys.test_demo import sign_in

pytestmark = pytest.mark.needs_chromium

SCREENS = {
    "phone-light": (PHONE, False),
    "phone-dark": (PHONE, True),
    "desktop-light": (DESKTOP, False),
    "desktop-dark": (DESKTOP, True),
}

Take = Callable[[str], None]


@pytest.fixture
def take(chromium: Chromium, tmp_path: Path) -> Iterator[Take]:
    """Take pictures of the page that is open: `take("login")` writes login-phone-light.png and so on."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    sideways: list[str] = []

    def take(name: str) -> None:
        for screen, (size, is_dark) in SCREENS.items():
            chromium.resize(*size, dark=is_dark)
            chromium.screenshot(folder / f"{name}-{screen}.png")
            if chromium.overflows():
                sideways.append(f"{name} on {screen}")

    yield take
    assert not sideways


def test_pages_on_the_way_in(demo: Demo, chromium: Chromium, take: Take) -> None:
    chromium.open(demo.site("shop"))
    take("login")
    sign_in(chromium, Account("bob", "not the password"))
    take("login-refused")
    chromium.speak("zh-CN")
    chromium.open(demo.site("shop"))
    assert chromium.find("html").get_attribute("lang") == "zh-Hans"
    take("login-zh")
    chromium.open(f"{demo.center}/authorize?client_id=nobody")
    take("error-zh")
    assert not chromium.console_errors()


def test_pages_of_those_who_are_signed_in(
    demo: Demo, chromium: Chromium, other_chromium: Chromium, take: Take
) -> None:
    bob = demo.account("bob")
    for device in (other_chromium, chromium):
        device.open(demo.site("shop"))
        sign_in(device, bob)
    for site in SITES:
        chromium.open(demo.site(site))
        take(f"site-{site}")
    chromium.open(f"{demo.center}/account")
    take("account")
    chromium.open(f"{demo.center}/account/password")
    take("password")
    chromium.open(f"{demo.center}/nowhere")
    take("not-found")
    chromium.open(f"{demo.center}/logout?client_id=shop")
    take("logout")
    chromium.press("#logout-confirm")
    take("signed-out")
    chromium.open(demo.site("staff"))
    sign_in(chromium, demo.account("alice"))
    take("no-role")
    chromium.open(f"{demo.site('staff')}/sso/signed-out")
    take("site-signed-out")
    assert not chromium.console_errors()


def test_pages_that_ask_for_consent_and_tell_why_a_session_is_over(
    demo: Demo, chromium: Chromium, take: Take
) -> None:
    back = "http://partner.localhost/back"
    demo.admin(
        "clients", "add", "partner", "--third-party", "--name", "Harbour Freight", "--redirect-uri", back
    )
    chromium.open(demo.site("shop"))
    sign_in(chromium, demo.account("bob"))
    asked = {
        "client_id": "partner",
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid profile email",
    }
    chromium.open(f"{demo.center}/authorize?{urlencode(asked)}")
    chromium.find("#consent-allow")
    take("consent")
    demo.admin("logout", "--user", "bob")
    chromium.open(f"{demo.center}/login")
    take("login-after-logout")
    assert not chromium.console_errors()
