"""English and Chinese: by link, by cookie, by the site's wish, by the browser's own."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.ui.conftest import Member


def language_of(page: Page) -> str:
    found = re.search(r'<html lang="([^"]+)"', page.text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr", "en"),
        ("", "en"),
        (";;", "en"),
    ],
)
def test_the_browsers_own_language_is_used_where_we_have_it(
    center: Center, browser: Browser, accepted: str, shown: str
) -> None:
    page = browser.get(center.url("/login"), headers={"Accept-Language": accepted})
    assert language_of(page) == shown


def test_a_chosen_language_is_remembered(center: Center, browser: Browser) -> None:
    assert language_of(browser.get(center.url("/login?lang=zh"))) == "zh-Hans"
    assert language_of(browser.get(center.url("/nowhere"))) == "zh-Hans"
    assert "登录" in browser.get(center.url("/login")).text


@pytest.mark.parametrize("asked", ["xx", "", "../../etc", "zh\r\nSet-Cookie: a=b"])
def test_an_unknown_language_is_not_remembered(center: Center, browser: Browser, asked: str) -> None:
    page = browser.get(center.url(f"/login?lang={quote(asked)}"))
    assert language_of(page) == "en"
    assert not [line for line in page.set_cookies if line.startswith("sso-lang")]


def test_the_link_to_the_other_language_keeps_the_address(center: Center, browser: Browser) -> None:
    target = "/authorize?client_id=a&state=x%26y"
    page = browser.get(center.url(f"/login?next={quote(target, safe='')}&lang=en"))
    link = re.search(r'href="(\?[^"]*)" lang="zh-Hans"', page.text)
    assert link
    other = browser.get(center.url("/login" + link[1].replace("&amp;", "&")))
    assert language_of(other) == "zh-Hans"
    assert parse_qs(urlsplit(other.form("password").action).query)["next"] == [target]


def test_a_site_may_wish_for_a_language(center: Center, browser: Browser) -> None:
    site = center.add_site()
    page = browser.follow(browser.get(site.attempt(ui_locales="fr-CA zh-CN en").url))
    assert language_of(page) == "zh-Hans"


def test_what_core_says_is_translated_too(member: Member) -> None:
    page = member.get("/account/password?lang=zh")
    page = member.browser.submit(page, "current", current=member.person.password, new="short", repeat="short")
    assert "至少需要 8 个字符" in page.text


def test_times_are_told_in_the_persons_language(member: Member) -> None:
    member.center.services.sessions.of_user(member.person.sub)
    assert "刚刚" in member.get("/account?lang=zh").text
