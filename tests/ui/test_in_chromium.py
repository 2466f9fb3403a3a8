"""The pages in a real browser: on a phone and on a desk, by keyboard, and on to a site through a form."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys

from tests.harness.center import Center
from tests.harness.chromium import DESKTOP, PHONE, Chromium
from tests.harness.ports import free_port

pytestmark = pytest.mark.needs_chromium


class WanderingSite(BaseHTTPRequestHandler):
    """A site whose callback sends the browser on to yet another host name of its own."""

    def do_GET(self) -> None:
        if self.path.startswith("/sso/callback"):
            port = self.headers["Host"].partition(":")[2]
            self.send_response(302)
            self.send_header("Location", f"http://www.elsewhere.localhost:{port}/arrived")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"<!doctype html><title>arrived</title><p id=arrived>arrived"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site_port() -> Iterator[int]:
    port = free_port()
    server = ThreadingHTTPServer(("127.0.0.1", port), WanderingSite)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield port
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_person_gets_through_the_login_to_a_site_that_sends_them_on(
    center: Center, chromium: Chromium, site_port: int
) -> None:
    person = center.add_person()
    base = f"http://wandering.localhost:{site_port}"
    site = center.add_site(
        redirect_uri=f"{base}/sso/callback", post_logout_redirect_uris=(f"{base}/sso/callback",)
    )
    chromium.open(site.attempt().url)
    chromium.type("username", person.username)
    chromium.type("password", "not the password")
    chromium.press("#login-submit")
    assert chromium.driver.switch_to.active_element.get_attribute("id") == "password"
    chromium.driver.switch_to.active_element.send_keys(person.password, Keys.ENTER)
    chromium.find("#arrived")
    assert urlsplit(chromium.url).hostname == "www.elsewhere.localhost"

    chromium.open(
        center.url(f"/logout?client_id={site.client_id}&post_logout_redirect_uri={base}/sso/callback")
    )
    chromium.press("#logout-confirm")
    chromium.find("#arrived")
    chromium.open(center.url("/account"))
    assert chromium.has("login-submit")


def test_a_person_lets_a_site_of_others_in_by_keyboard(
    center: Center, chromium: Chromium, site_port: int
) -> None:
    person = center.add_person(roles=["staff"])
    base = f"http://wandering.localhost:{site_port}"
    partner = center.add_site(
        redirect_uri=f"{base}/sso/callback", name="Partner & Co", is_third_party=True, scopes=("orders:read",)
    )
    chromium.open(partner.attempt(scope="openid profile email orders:read").url)
    chromium.type("username", person.username)
    chromium.type("password", person.password)
    chromium.press("#login-submit")
    for screen, dark in ((PHONE, True), (DESKTOP, False)):
        chromium.resize(*screen, dark=dark)
        look_at(chromium, chromium.url)
    chromium.find("#consent-allow").send_keys(Keys.ENTER)
    chromium.find("#arrived")
    assert urlsplit(chromium.url).hostname == "www.elsewhere.localhost"
    chromium.resize(*PHONE)
    look_at(chromium, center.url("/account"))
    assert "Partner & Co" in chromium.find("[aria-labelledby=accesses]").text


def test_every_page_fits_and_breaks_no_rule_of_its_own(center: Center, chromium: Chromium) -> None:
    person = center.add_person()
    center.add_site(name="A site with a rather long name, as some organisations have them")
    for screen, dark in ((PHONE, False), (DESKTOP, True)):
        chromium.resize(*screen, dark=dark)
        for path in ("/login", "/nowhere?lang=zh", "/authorize?client_id=unknown", "/logout"):
            look_at(chromium, center.url(path))
        chromium.open(center.url("/login?lang=en"))
        chromium.type("username", person.username)
        chromium.type("password", person.password)
        chromium.press("#login-submit")
        for path in ("/account", "/account/password", "/logout", "/login?again=1", "/account?lang=zh"):
            look_at(chromium, center.url(path))
        chromium.open(center.url("/logout"))
        chromium.press("#logout-confirm")


def look_at(chromium: Chromium, url: str) -> None:
    chromium.open(url)
    assert not chromium.overflows(), url
    complaints = [one for one in chromium.console_errors() if "status of 40" not in one]
    assert complaints == [], url
    small = chromium.driver.execute_script(SMALL_TARGETS)
    assert small == [], url


SMALL_TARGETS = """
return [...document.querySelectorAll('button, .button, .field input, summary, .languages a, a.site, .brand')]
  .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)
"""
