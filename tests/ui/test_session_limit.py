"""A limit on sessions, as people meet it: at the login page of a center with two workers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sso_center.core.audit import Tag
from sso_center.core.reasons import Reason
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually

LIMIT = 3
AT_ONCE = 50
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(scope="module")
def ending(new_module_center: Callable[..., Center]) -> Center:
    """A center at which one more login ends the oldest."""
    return new_module_center(workers=2, settings={"SSO_SESSIONS_PER_USER": str(LIMIT)})


@pytest.fixture(scope="module")
def refusing(new_module_center: Callable[..., Center]) -> Center:
    """A center at which one more login is refused."""
    policy = {"SSO_SESSIONS_PER_USER": str(LIMIT), "SSO_SESSIONS_PER_USER_POLICY": "refuse"}
    return new_module_center(workers=2, settings=policy)


def log_in(center: Center, person: Person, browser: Browser, **parameters: str) -> Page:
    page = browser.get(center.url("/login"), params=parameters)
    return browser.log_in(page, person.username, person.password)


def is_signed_in(center: Center, browser: Browser) -> bool:
    return browser.get(center.url("/account")).status == 200


@pytest.mark.parametrize("policy", ["ending", "refusing"])
def test_fifty_logins_at_once_never_make_more_sessions_than_are_allowed(
    request: pytest.FixtureRequest, new_browser: Callable[..., Browser], policy: str
) -> None:
    center: Center = request.getfixturevalue(policy)
    person, most, is_over = center.add_person(), 0, threading.Event()
    browsers = [new_browser() for _ in range(AT_ONCE)]
    sessions = center.services.sessions

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.001):
            most = max(most, len(sessions.of_user(person.sub)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda browser: log_in(center, person, browser).status, browsers))
    finally:
        is_over.set()
        watcher.join()

    assert most <= LIMIT
    let_in = LIMIT if policy == "refusing" else AT_ONCE
    assert (answers.count(303), answers.count(409)) == (let_in, AT_ONCE - let_in)
    assert sum(is_signed_in(center, browser) for browser in browsers) == LIMIT
    assert len(sessions.of_user(person.sub)) == LIMIT


def test_a_session_that_makes_room_ends_at_its_sites_too(
    ending: Center, receiver: Receiver, new_browser: Callable[..., Browser]
) -> None:
    site = ending.add_site(backchannel_logout_uri=receiver.uri)
    person, first = ending.add_person(), new_browser()
    signed_in = site.sign_in(first, person)
    for _ in range(LIMIT):
        ending.move_clock(60)
        assert log_in(ending, person, new_browser()).status == 303
    # Not left to the courier: with the answer to the login all is recorded.
    (entry,) = ending.services.audit.latest(9, sub=person.sub, tag=Tag.SESSION_ENDED)
    assert (entry.sid, entry.detail["reason"]) == (signed_in.sid, Reason.EVICTED)
    receiver.wait_for(1, sid=signed_in.sid)
    page = first.get(ending.url("/login"))
    assert "Only so many sign-ins are allowed at the same time" in page.text


def test_who_is_refused_sees_where_they_are_signed_in_and_what_to_do(
    refusing: Center, new_browser: Callable[..., Browser]
) -> None:
    person, phone = refusing.add_person(), new_browser(user_agent=IPHONE)
    others = [phone, *(new_browser() for _ in range(LIMIT - 1))]
    for one in others:
        log_in(refusing, person, one)
    late = new_browser()
    page = log_in(refusing, person, late, next="/account/password")
    assert page.status == 409
    assert f"You are signed in on {LIMIT} devices already" in page.text
    assert "Safari on iPhone" in page.text
    assert page.text.count("Chrome on Linux") == LIMIT - 1
    assert 'href="/login?next=/account/password"' in page.text
    assert not is_signed_in(refusing, late)
    assert all(is_signed_in(refusing, one) for one in others)

    phone.submit(phone.get(refusing.url("/account")), "logout")
    assert log_in(refusing, person, late).status == 303


def test_who_is_refused_again_and_again_guessed_no_password(
    new_center: Callable[..., Center], new_browser: Callable[..., Browser]
) -> None:
    one_guess = {"SSO_LOGIN_ATTEMPTS_BY_ACCOUNT": "1"}
    one_place = {"SSO_SESSIONS_PER_USER": "1", "SSO_SESSIONS_PER_USER_POLICY": "refuse"}
    center = new_center(settings=one_guess | one_place)
    person, late = center.add_person(), new_browser()
    assert log_in(center, person, new_browser()).status == 303
    assert [log_in(center, person, late).status for _ in range(5)] == [409] * 5
    kept = eventually(lambda: center.services.audit.latest(9, sub=person.sub, tag=Tag.LOGIN_REFUSED))
    assert {entry.address for entry in kept} == {"127.0.0.1"}


def test_an_app_among_the_devices_has_the_name_that_people_know(
    refusing: Center, new_browser: Callable[..., Browser]
) -> None:
    person, desk = refusing.add_person(), new_browser()
    app = refusing.add_site(name="The shop in your pocket", is_public=True, access_token_format="app")
    app.sign_in(desk, person)
    log_in(refusing, person, new_browser())
    page = log_in(refusing, person, new_browser())
    assert page.status == 409
    assert "<strong>The shop in your pocket</strong>" in page.text
    assert "Python" not in page.text


def test_an_app_that_finds_no_place_is_told_so_and_its_code_waits(
    refusing: Center, new_browser: Callable[..., Browser]
) -> None:
    person, browsers = refusing.add_person(), [new_browser() for _ in range(LIMIT)]
    for one in browsers:
        log_in(refusing, person, one)
    app = refusing.add_site(is_public=True, access_token_format="app")
    attempt = app.attempt()
    code = app.code_for(browsers[0], attempt)
    refused = app.redeem(code, attempt, device_id="phone")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert "as many devices as are allowed" in refused.json()["error_description"]
    browsers[1].submit(browsers[1].get(refusing.url("/account")), "logout")
    assert app.redeem(code, attempt, device_id="phone").status_code == 200


def test_who_is_refused_reads_it_in_chinese(refusing: Center, new_browser: Callable[..., Browser]) -> None:
    person = refusing.add_person()
    for _ in range(LIMIT):
        log_in(refusing, person, new_browser())
    page = log_in(refusing, person, new_browser(language="zh-CN"))
    assert f"您已在 {LIMIT} 台设备上登录" in page.text


def test_a_wrong_password_tells_nothing_of_it(refusing: Center, new_browser: Callable[..., Browser]) -> None:
    person, stranger = refusing.add_person(), new_browser()
    for _ in range(LIMIT):
        log_in(refusing, person, new_browser())
    page = stranger.log_in(stranger.get(refusing.url("/login")), person.username, "not the password")
    assert page.status == 403
    assert "devices already" not in page.text


def test_signing_in_again_in_the_same_browser_is_not_refused(
    refusing: Center, new_browser: Callable[..., Browser]
) -> None:
    person, browsers = refusing.add_person(), [new_browser() for _ in range(LIMIT)]
    for one in browsers:
        log_in(refusing, person, one)
    assert log_in(refusing, person, browsers[0], again="1").status == 303
    assert all(is_signed_in(refusing, one) for one in browsers)
