"""One opaque token for a phone's app: good for ninety days, replaced every two hours, and no good twice."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.stories.phone import ANDROID, Phone
from tests.stories.running import Subsystem, Town
from tests.stories.subsystems import PICTURE

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 24 * 3600
BOUND = 45
"""Seconds for which the APIs here rely on what the center said of an app token; else it is 5."""


@dataclass(frozen=True)
class Album:
    """An app for phones, its API, and another process of that API which hands tokens over in a cookie."""

    town: Town
    app: Site
    api: Subsystem
    cookie_api: Subsystem

    @property
    def center(self) -> Center:
        """The center behind both."""
        return self.town.center

    def phone(self, device_id: str, person: Person, browser: Browser, api: Subsystem | None = None) -> Phone:
        """Return the phone of somebody who has just logged in to the app."""
        phone = Phone(self.app, api or self.api, device_id)
        assert phone.log_in(person, browser).status_code == 200
        return phone


@pytest.fixture(scope="module")
def album(new_town: Callable[..., Town]) -> Album:
    town = new_town()
    api = town.open("photos", token_cache=BOUND)
    cookie_api = town.open("photos", api.site, token_cache=BOUND, app_token_in="cookie")
    app = town.register("photos-app", "--public", "--access-token-format", "app", "--audience", "photos")
    return Album(town, app, api, cookie_api)


@pytest.mark.parametrize("place", ["header", "cookie"])
def test_for_ninety_days_the_app_types_nothing(album: Album, browser: Browser, place: str) -> None:
    api = album.api if place == "header" else album.cookie_api
    wen = album.center.add_person()
    phone = Phone(album.app, api, f"wen's phone {place}")

    # Logging in gives one token, good for ninety days.
    answer = phone.log_in(wen, browser).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 90 * DAY)
    assert "refresh_token" not in answer
    assert phone.get("/album").json()["user"] == wen.username

    # For two hours it stays as it is; then the next answer of the API brings another.
    first = phone.token
    album.center.move_clock(2 * HOUR - 2 * MINUTE)
    phone.get("/album")
    assert phone.token == first
    album.center.move_clock(3 * MINUTE)
    phone.get("/album")
    assert phone.token != first
    assert phone.get("/album").json()["user"] == wen.username

    # Used now and then it goes on to the ninetieth day, whatever rotates, and not a day longer.
    for _ in range(8):
        album.center.move_clock(11 * DAY)
        assert phone.get("/album").status_code == 200
    album.center.move_clock(2 * DAY)
    assert phone.get("/album").status_code == 401
    assert len(set(phone.tokens)) == len(phone.tokens) > 5


def test_of_many_requests_at_once_all_are_handed_the_same_token(album: Album, browser: Browser) -> None:
    phone = album.phone("busy phone", album.center.add_person(), browser)
    first = phone.token
    album.center.move_clock(2 * HOUR + MINUTE)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: phone.get("/album", token=first), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert {phone.handed(answer) for answer in answers} == {phone.token}

    # Requests still under way with the old one pass for another minute, and are handed nothing.
    assert phone.get("/album").status_code == 200
    album.center.move_clock(BOUND)
    late = phone.get("/album", token=first)
    assert (late.status_code, phone.handed(late)) == (200, "")


def test_on_a_bad_line_nothing_is_lost(album: Album, browser: Browser) -> None:
    phone = album.phone("phone in a tunnel", album.center.add_person(), browser)
    first = phone.token
    album.center.move_clock(2 * HOUR + MINUTE)

    # Answer after answer is lost, for days: the app comes with the old token, and is told the same again.
    told = set()
    for _ in range(5):
        told.add(phone.handed(phone.get("/album", is_answer_lost=True)))
        album.center.move_clock(12 * HOUR)
    assert phone.token == first
    phone.get("/album")
    assert told == {phone.token}
    assert phone.get("/album").status_code == 200


def test_a_thief_who_keeps_the_old_token_is_caught_and_the_owner_told(album: Album, browser: Browser) -> None:
    noor = album.center.add_person()
    phone = album.phone("noor's phone", noor, browser)
    stolen = phone.token

    # The app goes on to the next token, and the thief waits too long with the one that was copied.
    album.center.move_clock(2 * HOUR + MINUTE)
    phone.get("/album")
    phone.get("/album")
    album.center.move_clock(2 * MINUTE)
    assert phone.get("/album", token=stolen).status_code == 401

    # Two had the token, and which of them is the thief can't be told: neither has anything any more.
    album.center.move_clock(BOUND)
    assert phone.get("/album").status_code == 401

    # The phone's owner finds it on the account page.
    page = browser.log_in(browser.get(album.center.url("/login")), noor.username, noor.password)
    page = browser.get(album.center.url("/account"))
    assert "A copy of a sign-in of yours was used" in page.text


def test_a_new_login_on_the_phone_and_a_new_password_end_the_old_token(
    album: Album, browser: Browser, new_browser: Callable[..., Browser]
) -> None:
    ida = album.center.add_person("ida")
    phone = album.phone("ida's phone", ida, browser)
    tablet = album.phone("ida's tablet", ida, new_browser())

    # The app was installed anew on the phone: the token of before is worth nothing.
    old = phone.token
    assert phone.log_in(ida, browser).status_code == 200
    album.center.move_clock(BOUND)
    assert [phone.get("/album", token=old).status_code, phone.get("/album").status_code] == [401, 200]
    assert tablet.get("/album").status_code == 200

    # The phone is lost; an admin sets another password: phone and tablet are out.
    album.center.secrets.add("a-password-that-is-new")
    album.town.admin("users", "set-password", "ida", "--password-stdin", stdin="a-password-that-is-new")
    album.center.move_clock(BOUND)
    assert [phone.get("/album").status_code, tablet.get("/album").status_code] == [401, 401]


def test_the_person_sees_the_phone_and_can_sign_it_out(album: Album, browser: Browser) -> None:
    li = album.center.add_person()
    phone = album.phone("li's phone", li, browser)
    assert phone.get("/album").status_code == 200
    page = browser.get(album.center.url("/account"))
    assert "photos-app" in page.text
    (sid,) = [one.sid for one in album.center.services.sessions.of_user(li.sub) if one.kind == "app"]
    form = next(form for form in page.forms if sid in form.action)
    browser.submit(page, form)
    # The clock stands still: it is the center's notice that the API follows, not its own few seconds.
    eventually(lambda: phone.get("/album").status_code == 401, what="the API's refusal")


def test_pictures_open_by_short_lived_links_and_no_address_holds_the_token(
    album: Album, browser: Browser, new_browser: Callable[..., Browser]
) -> None:
    phone = album.phone("phone with pictures", album.center.add_person(), browser)
    link = album.api.url + json.loads(phone.get("/album").text)["picture"]
    assert phone.token not in link

    # What shows pictures sends no token: the link alone opens this one, and no other.
    viewer = new_browser(user_agent=ANDROID)
    opened = viewer.http.get(link, timeout=60)
    assert (opened.status_code, opened.content) == (200, PICTURE)
    assert "no-store" in opened.headers["Cache-Control"]
    assert viewer.get(link.replace("teapot", "passport")).status != 200

    # A minute later it is over, and it is over at once when the phone signs out.
    album.center.move_clock(61 * SECOND)
    assert viewer.get(link).status != 200
    link = album.api.url + phone.get("/album").json()["picture"]
    assert viewer.get(link).status == 200
    assert album.app.post("/revoke", {"token": phone.token, "client_id": "photos-app"}).status_code == 200
    album.center.move_clock(BOUND)
    assert viewer.get(link).status != 200
    assert phone.get("/album").status_code == 401

    # The access logs of center and API show every address that was opened, and no token.
    assert "/pictures/teapot.png?sso-link=" in album.api.log
    assert not [token for token in phone.tokens if token in album.town.logs]
