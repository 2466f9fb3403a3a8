"""Style sheet, logo and icon: kept by browsers for as long as they are the same."""

import re

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center


def assets_of(center: Center, browser: Browser) -> list[str]:
    return re.findall(r'(?:href|src)="(/assets/[^"]+)"', browser.get(center.url("/login")).text)


def test_every_asset_of_a_page_is_there_and_may_be_kept(center: Center, browser: Browser) -> None:
    found = assets_of(center, browser)
    assert any("style.css" in one for one in found)
    for one in found:
        page = browser.get(center.url(one))
        assert page.status == 200
        assert page.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not page.set_cookies


def test_an_asset_under_another_version_is_not_kept_for_long(center: Center, browser: Browser) -> None:
    assert (
        browser.get(center.url("/assets/style.css?v=old")).headers["Cache-Control"] == "public, max-age=300"
    )


def test_an_unchanged_asset_is_not_sent_again(center: Center, browser: Browser) -> None:
    first = browser.get(center.url("/favicon.ico"))
    again = browser.get(center.url("/favicon.ico"), headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status, again.status, again.text) == (200, 304, "")


@pytest.mark.parametrize("name", ["nothing.css", "..%2fassets.py", "%2e%2e/assets.py", "../__init__.py"])
def test_nothing_else_can_be_read(center: Center, browser: Browser, name: str) -> None:
    assert browser.get(center.url(f"/assets/{name}")).status in (400, 404)


def test_no_page_asks_for_anything_of_another_host(center: Center, browser: Browser) -> None:
    for path in ("/login", "/nowhere", "/authorize"):
        text = browser.get(center.url(path)).text
        assert not re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", text)
    style = browser.get(center.url("/assets/style.css")).text
    assert "url(" not in style
    assert "@import" not in style
