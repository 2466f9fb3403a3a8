"""Links to images and videos that need a login: one address, one session, a short while."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import FILM, RunningSite, Times
from tests.harness.browser import Browser

NewSite = Callable[..., RunningSite]


@pytest.fixture
def film(site: RunningSite, browser: Browser) -> str:
    """The whole address of a film, with a link for Alice that lasts a minute."""
    site.sign_in(browser)
    return link_to(site, browser, "/film/a.mp4?size=big")


def link_to(site: RunningSite, browser: Browser, target: str, seconds: float = 60) -> str:
    page = browser.get(f"{site.url}/link?to={quote(target, safe='')}&seconds={seconds}")
    assert page.status == 200, page.text
    return site.url + page.text


def fetched(address: str, method: str = "GET", **headers: str) -> requests.Response:
    """Fetch as a player does: no cookies, no token."""
    return requests.request(method, address, headers=headers, timeout=60, allow_redirects=False)


def status(address: str, method: str = "GET") -> int:
    return fetched(address, method, Accept="*/*", **{"Sec-Fetch-Mode": "no-cors"}).status_code


def test_a_link_opens_its_address_to_who_has_neither_cookie_nor_token(site: RunningSite, film: str) -> None:
    answer = fetched(film)
    assert (answer.status_code, answer.content, answer.headers["For"]) == (200, FILM, "sub-of-alice")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert status(site.url + "/film/a.mp4?size=big") == 401


def test_a_video_can_be_sought_in(film: str) -> None:
    answer = fetched(film, Range="bytes=256-511")
    assert (answer.status_code, answer.content) == (206, FILM[256:512])
    assert answer.headers["Content-Range"] == f"bytes 256-511/{len(FILM)}"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert fetched(film, Range="bytes=-1").content == FILM[-1:]
    assert fetched(film, Range="bytes=99999-").status_code == 416
    assert fetched(film, "HEAD").headers["Content-Length"] == str(len(FILM))


def test_a_link_ends_with_its_time(site: RunningSite, film: str, times: Times, browser: Browser) -> None:
    long = link_to(site, browser, "/film/a.mp4", 3 * 3600)
    times.move(59)
    assert status(film) == 200
    times.move(1.1)
    assert status(film) == 401
    times.move(3 * 3600 - 70)
    assert status(long) == 200
    times.move(10)
    assert status(long) == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("a.mp4", "b.mp4"),
        lambda url: url.replace("a.mp4", "A.mp4"),
        lambda url: url.replace("size=big", "size=huge"),
        lambda url: url.replace("?size=big&", "?"),
        lambda url: url.replace("?size=big&", "?size=big&&"),
        lambda url: url.replace("?size=big", "?size=big&size=huge"),
        lambda url: url.replace("?size=big", "?id=7&size=big"),
        lambda url: url + "&id=7",
        lambda url: url + "&sso-link=x",
        lambda url: url.replace("sso-link", "xsso-link"),
        lambda url: url.replace("sso-link=", "sso-link=x"),
        lambda url: url[:-9] + ("A" if url[-9] != "A" else "B") + url[-8:],
        lambda url: url.partition("sso-link")[0] + "sso-link=",
        lambda url: url + "x" * 3000,
        lambda url: url.replace("?size=big", "?size=big" + "x" * 3000),
    ],
)
def test_a_signed_link_opens_no_other_address(film: str, change: Callable[[str], str]) -> None:
    assert status(film) == 200
    assert status(change(film)) in (401, 404, 308)


def test_a_long_query_is_bound_as_well(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    bare = link_to(site, browser, "/film/a.mp4")
    padded = bare.replace("?", f"?id=7&pad={'x' * 3000}&")
    assert [status(bare), status(padded)] == [200, 401]


def test_a_parameter_that_only_ends_like_sso_link_is_no_link(site: RunningSite, browser: Browser) -> None:
    site.sign_in(browser)
    bare = link_to(site, browser, "/film/a.mp4")
    assert status(bare.replace("?sso-link", "?xsso-link")) == 401


def test_a_signed_link_works_for_get_and_head_only(film: str) -> None:
    assert [status(film), status(film, "HEAD"), status(film, "POST")] == [200, 200, 401]


@pytest.mark.parametrize(
    "target", ["/film/é ü.mp4?q=ä b", "/film/%C3%A9%20%C3%BC.mp4?q=%C3%A4+b", "/film/a%25b~'(1).mp4"]
)
def test_a_signed_link_works_for_any_file_name(
    site: RunningSite, browser: Browser, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in(browser)
    if target.isascii() and " " not in target:
        assert status(link_to(site, browser, target)) == 200
    else:
        assert browser.get(f"{site.url}/link?to={quote(target, safe='')}").status == 500


@pytest.mark.parametrize(
    ("target", "seconds"),
    [
        ("//evil.example/film", 60),
        ("/\\evil.example", 60),
        ("/film/a.mp4#part", 60),
        ("/film/a.mp4?sso-link=x", 60),
        ("/film/a.mp4", 0),
        ("/film/a.mp4", -1),
        ("/film/a.mp4", 86_401),
        ("/film/a.mp4", float("nan")),
    ],
)
def test_a_target_that_can_have_no_signed_link_is_refused(
    site: RunningSite, browser: Browser, target: str, seconds: float
) -> None:
    site.sign_in(browser)
    page = browser.get(f"{site.url}/link?to={quote(target, safe='')}&seconds={seconds}")
    assert page.status == 500


def test_a_link_ends_at_once_with_a_logout_token_of_its_session(
    site: RunningSite, center: FakeCenter, film: str
) -> None:
    sid = center._current or ""
    center.log_out()
    site.tell(center.logout_token(site.client_id, sid=sid))
    assert status(film) == 401


def test_a_link_ends_with_a_cut_off_of_its_person(
    site: RunningSite, center: FakeCenter, times: Times, film: str
) -> None:
    times.move(2)
    site.tell(center.logout_token(site.client_id, sub="sub-of-alice"))
    assert status(film) == 401


def test_a_link_ends_with_its_session_within_max_staleness(
    new_site: NewSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site, untold = new_site(client_id="both"), new_site(client_id="both")
    site.sign_in(browser)
    film = link_to(site, browser, "/film/a.mp4", 600)
    there = film.replace(site.url, untold.url)
    assert [status(film), status(there)] == [200, 200]
    center.log_out()
    times.move(30)
    assert [status(film), status(there)] == [401, 401]


def test_logout_here_ends_the_signed_links(site: RunningSite, browser: Browser, film: str) -> None:
    logout_url = browser.get(site.url + "/").text.partition('"logout_url": "')[2].partition('"')[0]
    browser.get(site.url + logout_url)
    assert status(film) == 401


def test_a_signed_link_gets_503_while_the_center_is_away(
    site: RunningSite, center: FakeCenter, times: Times, browser: Browser
) -> None:
    site.sign_in(browser)
    film = link_to(site, browser, "/film/a.mp4", 600)
    times.move(31)
    center.is_away = True
    answer = fetched(film, **{"Sec-Fetch-Mode": "no-cors"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    center.is_away = False
    times.move(2)
    assert status(film) == 200


def test_a_login_replaces_a_signed_link_and_a_person_without_either_signs_in(
    site: RunningSite, center: FakeCenter, browser: Browser, film: str, times: Times
) -> None:
    page = browser.get(site.url + "/film/b.mp4")
    assert (page.status, page.headers["For"]) == (200, "-")
    assert page.headers["Cache-Control"] == "private, no-store"
    times.move(61)
    assert browser.get(film).headers["For"] == "-", "the link is over, the login is not"
    stranger = Browser()
    asked = stranger.get(site.url + "/film/b.mp4")
    assert "/authorize" in asked.location
    assert stranger.follow(asked).url == site.url + "/film/b.mp4"


def test_a_link_of_another_site_or_purpose_opens_nothing(
    new_site: NewSite, center: FakeCenter, browser: Browser
) -> None:
    secret = {"secret_key": "one key for all sites, which is a bad idea"}
    shop, forum = new_site(**secret), new_site(**secret)
    shop.sign_in(browser)
    film = link_to(shop, browser, "/film/a.mp4")
    assert status(film.replace(shop.url, forum.url)) == 401
    cookie = browser.cookies_for("127.0.0.1")[shop.cookie]
    assert status(f"{shop.url}/film/a.mp4?sso-link={cookie}") == 401


def test_a_link_holds_no_token_and_no_cookie(site: RunningSite, browser: Browser, film: str) -> None:
    for value in browser.cookies_for("127.0.0.1").values():
        assert value not in film
        assert all(part not in film for part in value.split(".") if len(part) > 20)


def test_an_endpoint_may_be_named_and_a_link_makes_links_no_longer_than_itself(
    site: RunningSite, browser: Browser, times: Times
) -> None:
    site.sign_in(browser)
    playlist = link_to(site, browser, "/playlist", 60)
    part = site.url + fetched(playlist).text
    assert part.startswith(site.url + "/film/part.mp4?sso-link=")
    assert status(part) == 200
    times.move(61)
    assert [status(playlist), status(part)] == [401, 401]


@pytest.mark.parametrize("kind", ["opaque", "jwt", "app"])
def test_an_app_gets_links_for_its_token(site: RunningSite, center: FakeCenter, kind: Any) -> None:
    center.log_in(Person("bob"))
    make = center.app_token if kind == "app" else lambda *a, **o: center.access_token(*a, **o, kind=kind)
    token = make("phone", audience=site.client_id)
    link = fetched(site.url + "/link-for-a-token", Authorization=f"Bearer {token}")
    assert link.status_code == 200
    assert token not in link.text
    answer = fetched(site.url + link.text)
    assert (answer.status_code, answer.headers["For"]) == (200, "sub-of-bob")
    center.log_out()
    site.tell(center.logout_token(site.client_id, sub="sub-of-bob"))
    assert status(site.url + link.text) == 401


def test_a_token_without_a_session_gets_no_link(site: RunningSite, center: FakeCenter) -> None:
    token = center.client_token("robot", audience=site.client_id)
    answer = fetched(site.url + "/link-for-a-token", Authorization=f"Bearer {token}")
    assert answer.status_code == 500
