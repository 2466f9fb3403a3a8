"""A person with a browser: in at three sites by one sign-in, out of all three by one sign-out."""

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.harness.browser import Browser
from tests.harness.chromium import PHONE, Chromium
from tests.harness.waiting import eventually
from tests.journeys.demo import SITES, Account, Demo

pytestmark = pytest.mark.needs_chromium


@pytest.fixture
def bob(demo: Demo) -> Account:
    """Works at the shop, so that the staff portal lets him in."""
    return demo.account("bob")


def sign_in(chromium: Chromium, account: Account) -> None:
    """Fill in the center's page and send it."""
    chromium.type("username", account.username)
    chromium.type("password", account.password)
    chromium.press("#login-submit")


def is_asked_to_sign_in(chromium: Chromium, demo: Demo, site: str) -> bool:
    """Open a site and say whether the center asks who one is."""
    chromium.open(demo.site(site))
    return chromium.url.startswith(demo.center) and chromium.has("login-submit")


def test_one_sign_in_opens_three_sites_and_one_sign_out_closes_them(
    demo: Demo, chromium: Chromium, bob: Account
) -> None:
    # 1. A site sends the browser to the center, which knows nobody yet.
    chromium.open(f"{demo.site('shop')}/?q=kettle")
    assert chromium.url.startswith(f"{demo.center}/login")
    # 2. Name and password are checked, and the browser is sent back with a grant.
    sign_in(chromium, bob)
    # 3. The site shows the page that was asked for first, query string and all.
    assert chromium.url == f"{demo.site('shop')}/?q=kettle"
    assert chromium.find("#signed-in-as").text == "Bob"
    assert "Cast-iron kettle" in chromium.text
    # 4. The others ask for no password.
    for site in ("forum", "staff"):
        chromium.open(demo.site(site))
        assert chromium.url == f"{demo.site(site)}/"
        assert chromium.find("#signed-in-as").text == "Bob"

    chromium.press("#sign-out")
    for site in SITES:
        assert eventually(lambda site=site: is_asked_to_sign_in(chromium, demo, site)), site
    assert not chromium.console_errors()


def test_the_admin_of_the_demo_gets_into_the_console(demo: Demo, browser: Browser) -> None:
    assert f"{demo.center}/admin" in demo.printed
    admin = demo.account("admin")
    login = browser.follow(browser.get(f"{demo.center}/admin"))
    console = browser.follow(browser.log_in(login, admin.username, admin.password))
    assert console.url == f"{demo.center}/admin"
    assert "Who is here" in console.text


def test_a_person_without_the_role_is_signed_in_and_kept_out(demo: Demo, chromium: Chromium) -> None:
    chromium.open(demo.site("staff"))
    sign_in(chromium, demo.account("alice"))
    assert chromium.url.startswith(demo.site("staff"))
    assert not chromium.has("signed-in-as")
    chromium.open(demo.site("forum"))
    assert chromium.find("#signed-in-as").text == "Alice"


def test_the_keyboard_alone_is_enough(demo: Demo, chromium: Chromium, bob: Account) -> None:
    chromium.open(demo.site("shop"))
    with chromium.leaving():
        chromium.keys(bob.username, Keys.TAB, bob.password, Keys.ENTER)
    assert chromium.find("#signed-in-as").text == "Bob"


def test_one_device_signs_out_the_other(
    demo: Demo, chromium: Chromium, other_chromium: Chromium, bob: Account
) -> None:
    for device in (chromium, other_chromium):
        device.open(demo.site("shop"))
        sign_in(device, bob)
    chromium.open(f"{demo.center}/account")
    chromium.press("#end-others")
    assert eventually(lambda: is_asked_to_sign_in(other_chromium, demo, "shop"))
    assert not is_asked_to_sign_in(chromium, demo, "shop")


def test_an_old_page_is_not_shown_by_the_back_button(demo: Demo, chromium: Chromium, bob: Account) -> None:
    chromium.open(demo.site("shop"))
    sign_in(chromium, bob)
    chromium.press("#sign-out")
    chromium.driver.back()
    assert chromium.has("login-submit")
    sign_in(chromium, bob)
    chromium.open(f"{demo.center}/account")
    chromium.press("#logout")
    if chromium.has("logout-confirm"):
        chromium.press("#logout-confirm")
    chromium.driver.back()
    assert chromium.has("login-submit")


def test_a_wrong_password_says_so_and_keeps_the_name(demo: Demo, chromium: Chromium, bob: Account) -> None:
    chromium.open(demo.site("shop"))
    sign_in(chromium, Account(bob.username, "not the password"))
    assert chromium.url.startswith(demo.center)
    assert chromium.find("#problem").is_displayed()
    assert chromium.find("#username").get_attribute("value") == bob.username
    chromium.type("password", bob.password)
    chromium.press("#login-submit")
    assert chromium.url.startswith(demo.site("shop"))


def test_it_stops_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    assert demo.answers(demo.center)
    assert demo.interrupt() == 0
    assert "Traceback" not in demo.printed
    assert not any(demo.answers(url) for url in (demo.center, *map(demo.site, SITES)))


@pytest.fixture
def on_a_phone(chromium: Chromium) -> Chromium:
    chromium.resize(*PHONE)
    return chromium


def test_everything_fits_on_a_phone(demo: Demo, on_a_phone: Chromium, bob: Account) -> None:
    phone = on_a_phone
    phone.open(demo.site("shop"))
    assert not phone.overflows(), phone.url
    sign_in(phone, bob)
    for url in (*map(demo.site, SITES), f"{demo.center}/account", f"{demo.center}/account/password"):
        phone.open(url)
        assert not phone.overflows(), url
