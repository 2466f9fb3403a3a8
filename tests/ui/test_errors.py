"""Errors: a page for people, JSON for programs, never a trace, and a reference to find them by."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.waiting import eventually
from tests.servers.redis import RedisServer
from tests.ui.conftest import Member


def test_an_address_that_does_not_exist_gets_a_page_with_a_reference(
    center: Center, browser: Browser
) -> None:
    page = browser.get(center.url("/nowhere"))
    assert page.status == 404
    assert "Nothing here" in page.text
    assert page.headers["X-Request-Id"] in page.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/nowhere", {"Accept": "application/json"}), ("/api/admin/nowhere", {}), ("/.well-known/nowhere", {})],
)
def test_a_program_gets_json(center: Center, browser: Browser, path: str, headers: dict[str, str]) -> None:
    page = browser.get(center.url(path), headers=headers)
    assert page.status == 404
    assert page.headers["Content-Type"] == "application/json"
    assert '"error":"not_found"' in page.text


def test_another_method_is_refused_with_those_that_are_not(center: Center, browser: Browser) -> None:
    page = browser.request("DELETE", center.url("/account"))
    assert page.status == 405
    assert "GET" in page.headers["Allow"]


def test_a_form_larger_than_any_of_ours_is_refused(center: Center, browser: Browser) -> None:
    token = browser.get(center.url("/login")).form("password").values["csrf_token"]
    page = browser.post(center.url("/login"), {"csrf_token": token, "password": "x" * 200_000})
    assert page.status == 413


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=\xff&%zz=%", "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data"),
        (b"&".join(b"a=1" for _ in range(5000)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_is_refused(center: Center, browser: Browser, body: bytes, content_type: str) -> None:
    page = browser.post(center.url("/login"), body, headers={"Content-Type": content_type})
    assert 400 <= page.status < 500
    assert "Traceback" not in page.text


def test_an_unknown_site_is_shown_and_never_redirected_to(center: Center, browser: Browser) -> None:
    page = browser.get(
        center.url("/authorize?client_id=<b>x</b>&redirect_uri=https://evil.example/&response_type=code")
    )
    assert page.status == 400
    assert "Location" not in page.headers
    assert "This link can&#39;t be used" in page.text
    assert "<b>" not in page.text


@pytest.mark.needs_redis_server
def test_a_store_that_is_away_is_said_so_and_nobody_is_signed_out(
    new_center: Callable[..., Center], browser: Browser, tmp_path: Path
) -> None:
    with RedisServer(tmp_path / "redis") as server:
        center = new_center(settings={"SSO_REDIS_URL": server.url})
        person = center.add_person()
        form = browser.get(center.url("/login"))
        assert browser.follow(browser.log_in(form, person.username, person.password)).status == 200
        server.pause()
        for page in (
            browser.get(center.url("/account")),
            browser.log_in(form, person.username, person.password),
        ):
            assert page.status == 503
            assert int(page.headers["Retry-After"]) > 0
            assert "Back in a moment" in page.text
            assert not page.set_cookies
        server.resume()
        eventually(lambda: browser.get(center.url("/account")).status == 200, what="being back")


def test_the_reference_of_an_answer_is_the_one_in_the_log(member: Member) -> None:
    reference = member.get("/nowhere").headers["X-Request-Id"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", reference)
    eventually(lambda: f'"request_id":"{reference}"' in member.center.log, what="the log")
