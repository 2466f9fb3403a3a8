"""The headers of every answer, and a Host that is never believed."""

from collections.abc import Callable

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ADDRESSES = ["/", "/login", "/account", "/nowhere", "/authorize", "/logout", "/login/new-password"]


def policy(page: Page) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in page.headers["Content-Security-Policy"].split(";")]
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_carries_the_security_headers(center: Center, browser: Browser, path: str) -> None:
    page = browser.get(center.url(path))
    assert {name: page.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "camera=()" in page.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in page.headers


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_may_run_a_script_or_be_framed(center: Center, browser: Browser, path: str) -> None:
    page = browser.get(center.url(path))
    found = policy(page)
    assert found["default-src"] == "'none'"
    assert found["frame-ancestors"] == "'none'"
    assert found["base-uri"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "script-src" not in found
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_only_pages_whose_form_leads_to_a_site_may_send_it_elsewhere(
    center: Center, browser: Browser
) -> None:
    assert policy(browser.get(center.url("/nowhere")))["form-action"] == "'self'"
    assert "form-action" not in policy(browser.get(center.url("/login")))


def test_a_page_is_cut_off_from_its_opener_and_a_redirect_is_not(center: Center, browser: Browser) -> None:
    assert browser.get(center.url("/login")).headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Cross-Origin-Opener-Policy" not in browser.get(center.url("/account")).headers


@pytest.mark.parametrize(
    "path", ["/", "/login", "/account", "/nowhere", "//login", "/account//password", "/assets/x"]
)
def test_a_foreign_host_appears_nowhere_in_the_answer(center: Center, browser: Browser, path: str) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Forwarded-Proto": "https",
    }
    page = browser.get(f"{center.internal_url}{path}", headers=headers)
    assert "evil" not in str(page.headers)
    assert "evil" not in page.text


def test_behind_https_cookies_are_secure_and_browsers_are_told_to_stay(
    new_center: Callable[..., Center], browser: Browser
) -> None:
    center = new_center(settings={"SSO_ISSUER": "https://sso.example.org"})
    person = center.add_person()
    page = browser.get(f"{center.internal_url}/login?lang=zh")
    # There is no TLS in front here, so the browser would keep its secure cookies to itself.
    form = next(line for line in page.set_cookies if line.startswith("__Host-sso-form="))
    headers = {"Cookie": form.partition(";")[0]}
    fields = {**page.form("password").values, "username": person.username, "password": person.password}
    answer = browser.post(f"{center.internal_url}/login", fields, headers=headers)
    assert answer.status == 303
    assert {"__Host-sso", "__Host-sso-device"} <= {line.partition("=")[0] for line in answer.set_cookies}
    for one in (page, answer):
        assert one.headers["Strict-Transport-Security"].startswith("max-age=63072000")
        assert all("Secure" in line and "Domain" not in line for line in one.set_cookies)
