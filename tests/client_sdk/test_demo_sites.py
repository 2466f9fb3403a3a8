"""The three demo sites as processes of their own, against the SDK's fake center."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from client_sdk.testing import FakeCenter, Person
from tests.harness.browser import Browser
from tests.harness.ports import free_ports
from tests.harness.waiting import eventually
from tests.servers.redis import LIFELINE

NAMES = ("shop", "forum", "staff")


@pytest.fixture(scope="module")
def demo_center() -> Iterator[FakeCenter]:
    with FakeCenter() as center:
        center.token_audience = "staff"
        yield center


@pytest.fixture(scope="module")
def sites(demo_center: FakeCenter) -> Iterator[dict[str, str]]:
    first = free_ports(3)
    running = {}
    for place, name in enumerate(NAMES):
        environ = {
            **os.environ,
            "SSO_ISSUER": demo_center.issuer,
            "SSO_INTERNAL_URL": demo_center.issuer,
            "SSO_CLIENT_ID": name,
            "SSO_CLIENT_SECRET": f"secret of the {name}",
            "PORT": str(first + place),
        }
        words = [*LIFELINE, sys.executable, "-W", "error", "-m", f"demo_apps.{name}"]
        running[name] = subprocess.Popen(words, env=environ, stderr=subprocess.PIPE)
    urls = {name: f"http://{name}.localhost:{first + place}" for place, name in enumerate(NAMES)}
    for url in urls.values():
        eventually(lambda url=url: _answers(url), what=f"the start of {url}")
    yield urls
    for process in running.values():
        process.send_signal(signal.SIGTERM)
    for process in running.values():
        _, complaints = process.communicate(timeout=60)
        assert (process.returncode, complaints.decode()) == (0, "")


def _answers(url: str) -> bool:
    try:
        return Browser().get(url + "/sso/signed-out").status == 200
    except requests.ConnectionError:
        return False


@pytest.fixture
def staff_member(demo_center: FakeCenter) -> None:
    demo_center.log_in(Person("ida", name="Ida", roles=("staff",)))


@pytest.mark.usefixtures("staff_member")
def test_all_three_demo_sites_show_the_signed_in_user(sites: dict[str, str], browser: Browser) -> None:
    for name, url in sites.items():
        page = browser.follow(browser.get(url + "/"))
        assert page.status == 200
        assert 'id="signed-in-as">Ida<' in page.text
        for other in sites.values():
            assert f'href="{other}/"' in page.text
        assert page.text.count('aria-current="page"') == 1
        assert f'href="{sites[name]}/" aria-current="page"' in page.text
        assert browser.get(url + "/static/site.css").status == 200


def test_the_staff_portal_is_for_staff(
    sites: dict[str, str], demo_center: FakeCenter, browser: Browser
) -> None:
    demo_center.log_in(Person("bob"))
    assert browser.follow(browser.get(sites["staff"] + "/")).status == 403
    assert browser.follow(browser.get(sites["shop"] + "/")).status == 200


@pytest.mark.usefixtures("staff_member")
def test_the_confirm_button_signs_out(
    sites: dict[str, str], demo_center: FakeCenter, browser: Browser
) -> None:
    page = browser.follow(browser.get(sites["shop"] + "/"))
    last = browser.follow(browser.submit(page, "sign-out"))
    assert last.url == sites["shop"] + "/sso/signed-out"
    assert "/authorize" in browser.get(sites["shop"] + "/").location


@pytest.mark.usefixtures("staff_member")
def test_names_of_people_are_escaped_on_demo_pages(sites: dict[str, str], browser: Browser) -> None:
    page = browser.follow(browser.get(sites["forum"] + "/"))
    page = browser.follow(browser.submit(page, "text", text="<script>alert(1)</script>"))
    assert "&lt;script&gt;alert(1)" in page.text
    page = browser.follow(browser.get(sites["shop"] + "/?q=<b>nothing</b>"))
    assert "“&lt;b&gt;nothing" in page.text
    page = browser.follow(browser.get(sites["shop"] + "/?q=kettle"))
    page = browser.follow(browser.submit(page, "item", item="kettle"))
    assert "<li>Cast-iron kettle</li>" in page.text


@pytest.mark.usefixtures("staff_member")
def test_the_shop_asks_the_back_room_what_is_left(
    sites: dict[str, str], demo_center: FakeCenter, browser: Browser
) -> None:
    page = browser.follow(browser.get(sites["shop"] + "/?q=kettle"))
    assert "1 left" in page.text
    api = sites["staff"] + "/api/stock"
    assert browser.get(api).status == 401
    token = demo_center.access_token("shop", audience="staff", scope="stock:read")
    assert browser.get(api, headers={"Authorization": f"Bearer {token}"}).status == 200
    other = demo_center.access_token("shop", audience="staff")
    assert browser.get(api, headers={"Authorization": f"Bearer {other}"}).status == 403


def test_the_shop_is_open_without_the_back_room(
    sites: dict[str, str], demo_center: FakeCenter, browser: Browser
) -> None:
    demo_center.log_in(Person("bob"))
    demo_center.token_audience = "elsewhere"
    try:
        page = browser.follow(browser.get(sites["shop"] + "/?q=kettle"))
    finally:
        demo_center.token_audience = "staff"
    assert "Cast-iron kettle" in page.text
    assert " left<" not in page.text


@pytest.mark.usefixtures("staff_member")
def test_the_forums_picture_is_for_members_and_whom_they_give_its_link(
    sites: dict[str, str], browser: Browser
) -> None:
    picture = sites["forum"] + "/picture.svg"
    assert Browser().get(picture, headers={"Sec-Fetch-Mode": "no-cors"}).status == 401
    page = browser.follow(browser.get(sites["forum"] + "/"))
    link = sites["forum"] + page.text.partition('<img src="')[2].partition('"')[0]
    assert link.startswith(picture + "?sso-link=")
    shown = Browser().get(link)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert shown.headers["Cache-Control"] == "private, no-store"


def test_missing_settings_are_named() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
    ended = subprocess.run(
        [sys.executable, "-m", "demo_apps.forum"], env=environ, capture_output=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.decode().startswith("Set SSO_ISSUER, SSO_CLIENT_ID, SSO_CLIENT_SECRET first")
    assert len(ended.stderr.splitlines()) == 1
