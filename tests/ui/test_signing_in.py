"""The login page: who gets in, what the others are told, and where everybody goes."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from sso_center.core.audit.audit import Entry
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.waiting import eventually
from tests.ui.conftest import Member


def login_url(center: Center, **parameters: str) -> str:
    return center.url(f"/login?{urlencode(parameters)}")


def refuse(browser: Browser, center: Center, username: str, password: str) -> Page:
    return browser.log_in(browser.get(center.url("/login")), username, password)


def test_a_person_signs_in_and_gets_to_where_they_were_going(
    center: Center, person: Person, browser: Browser
) -> None:
    page = browser.log_in(
        browser.get(login_url(center, next="/account/password?a=1&b=2")), person.username, person.password
    )
    assert page.status == 303
    assert page.headers["Location"] == "/account/password?a=1&b=2"
    assert browser.follow(page).status == 200


def test_the_name_may_have_blanks_around_it_and_another_case(
    center: Center, person: Person, browser: Browser
) -> None:
    page = refuse(browser, center, f" {person.username.upper()} ", person.password)
    assert page.status == 303


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    center: Center, person: Person, browser: Browser
) -> None:
    wrong = refuse(browser, center, person.username, "not the password")
    unknown = refuse(browser, center, "nobody-of-that-name", "not the password")
    assert wrong.status == unknown.status == 403
    assert without_variables(wrong, person.username) == without_variables(unknown, "nobody-of-that-name")


def without_variables(page: Page, username: str) -> str:
    token = page.form("password").values["csrf_token"]
    return page.text.replace(username, "NAME").replace(token, "TOKEN")


def test_after_a_wrong_password_the_name_is_kept_and_the_password_is_not(
    center: Center, person: Person, browser: Browser
) -> None:
    page = browser.log_in(
        browser.get(center.url("/login")), person.username, "not the password", remember="yes"
    )
    form = page.form("password")
    assert form.values["username"] == person.username
    assert form.values["password"] == ""
    assert form.values["remember"] == "yes"
    assert "not the password" not in page.text
    assert 'role="alert"' in page.text


def test_a_disabled_account_is_refused_like_a_wrong_password(center: Center, browser: Browser) -> None:
    person = center.add_person()
    center.services.users.set_disabled(person.sub, True)
    assert refuse(browser, center, person.username, person.password).status == 403


@pytest.mark.parametrize(
    ("username", "password"),
    [("", "x"), ("x", ""), ("x" * 255, "x"), ("a\0b", "x"), ("x", "a\0b"), ("x", "y" * 1025)],
)
def test_what_no_account_can_have_is_refused_with_the_form(
    center: Center, browser: Browser, username: str, password: str
) -> None:
    page = refuse(browser, center, username, password)
    assert page.status == 400
    assert page.form("password")


def test_a_field_that_comes_twice_is_refused(center: Center, person: Person, browser: Browser) -> None:
    form = browser.get(center.url("/login")).form("password")
    fields = {**form.values, "username": person.username, "password": person.password}
    twice = [*fields.items(), ("username", "another")]
    assert browser.post(center.url("/login"), twice).status == 400
    assert browser.post(center.url("/login"), fields).status == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "account",
        "/" + "a" * 4000,
    ],
)
def test_nobody_is_led_to_another_host(center: Center, person: Person, browser: Browser, target: str) -> None:
    page = browser.log_in(browser.get(login_url(center, next=target)), person.username, person.password)
    assert page.headers["Location"] == "/account"


def test_a_path_that_is_not_ascii_is_escaped(center: Center, person: Person, browser: Browser) -> None:
    page = browser.log_in(
        browser.get(login_url(center, next="/account?to=中")), person.username, person.password
    )
    assert page.headers["Location"] == f"/account?to={quote('中')}"


def test_whoever_is_signed_in_goes_straight_on(member: Member) -> None:
    assert member.get("/login?next=/account/password").headers["Location"] == "/account/password"


def test_whoever_must_sign_in_again_is_shown_the_form_with_their_name(member: Member) -> None:
    page = member.get("/login?next=/account&again=1")
    assert page.status == 200
    assert page.form("password").values["username"] == member.person.username


def test_a_site_may_say_who_is_expected(center: Center, browser: Browser) -> None:
    page = browser.get(login_url(center, next="/account", login_hint="ada@example.org"))
    assert page.form("password").values["username"] == "ada@example.org"


def test_the_page_says_which_site_the_person_signs_in_to(center: Center, browser: Browser) -> None:
    site = center.add_site(name="Fish & <Chips>")
    page = browser.follow(browser.get(site.attempt().url))
    assert "Fish &amp; &lt;Chips&gt;" in page.text
    assert "<Chips>" not in page.text


def test_two_tabs_that_sign_in_at_once_both_arrive(center: Center, browser: Browser) -> None:
    person, site = center.add_person(), center.add_site()
    first, second = site.attempt(), site.attempt()
    first_tab, second_tab = site.visit(browser, first), site.visit(browser, second)
    for page, attempt in ((first_tab, first), (second_tab, second)):
        answer = browser.log_in(page, person.username, person.password)
        code = site.code_in(browser.follow(answer, stop_at=site.redirect_uri), attempt)
        assert site.redeem(code, attempt).status_code == 200


def test_every_login_gets_a_new_cookie(member: Member, browser: Browser) -> None:
    before = member.browser.cookies_for("sso.localhost")["sso"]
    page = member.get("/login?again=1")
    member.browser.log_in(page, member.person.username, member.person.password)
    assert member.browser.cookies_for("sso.localhost")["sso"] != before


def test_the_cookies_of_a_login_are_kept_from_scripts_and_other_sites(
    center: Center, person: Person, browser: Browser
) -> None:
    answer = browser.log_in(browser.get(center.url("/login")), person.username, person.password)
    lines = {line.partition("=")[0]: line for line in answer.set_cookies}
    assert {"sso", "sso-device"} <= set(lines)
    for line in lines.values():
        assert all(word in line for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in line


def test_only_a_remembered_session_outlives_the_browser(sign_in: Callable[..., Member]) -> None:
    def expires(member: Member) -> bool:
        return any(c.name == "sso" and c.expires is not None for c in member.browser.http.cookies)

    assert expires(sign_in(remember=True))
    assert not expires(sign_in())


# Limits


@pytest.fixture(scope="module")
def strict(new_module_center: Callable[..., Center]) -> Center:
    """A center that counts early, behind a proxy that says who asks."""
    return new_module_center(
        settings={
            "SSO_LOGIN_ATTEMPTS_BY_ACCOUNT": "3",
            "SSO_LOGIN_ATTEMPTS_BY_ADDRESS": "50",
            "SSO_LOGIN_WINDOW": "300",
            "SSO_TRUSTED_PROXIES": "127.0.0.1",
        }
    )


def from_address(browser: Browser, address: str) -> Browser:
    browser.http.headers["X-Forwarded-For"] = f"203.0.113.99, {address}"
    return browser


def test_too_many_attempts_are_told_when_to_try_again(strict: Center, browser: Browser) -> None:
    person = strict.add_person()
    from_address(browser, "198.51.100.1")
    statuses = [refuse(browser, strict, person.username, "wrong").status for _ in range(3)]
    page = refuse(browser, strict, person.username, person.password)
    assert statuses == [403, 403, 403]
    assert page.status == 429
    assert 0 < int(page.headers["Retry-After"]) <= 300
    assert page.form("password").values["username"] == person.username
    assert "minute" in page.text
    strict.move_clock(301)
    assert refuse(browser, strict, person.username, person.password).status == 303


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(
    strict: Center, new_browser: Callable[..., Browser]
) -> None:
    person = strict.add_person()
    owner = from_address(new_browser(), "198.51.100.2")
    assert refuse(owner, strict, person.username, person.password).status == 303
    for number in range(8):
        stranger = from_address(new_browser(), f"192.0.2.{number}")
        refuse(stranger, strict, person.username, "a guess")
    assert refuse(stranger, strict, person.username, person.password).status == 429
    page = owner.get(strict.url("/login?again=1"))
    assert owner.log_in(page, person.username, person.password).status == 303


def test_a_device_that_is_not_signed_by_us_is_a_stranger(
    strict: Center, new_browser: Callable[..., Browser]
) -> None:
    person = strict.add_person()
    owner = from_address(new_browser(), "198.51.100.5")
    assert refuse(owner, strict, person.username, person.password).status == 303
    cookie = next(one for one in owner.http.cookies if one.name == "sso-device")
    cookie.value = f"{(cookie.value or '').rpartition('.')[0]}.{'x' * 27}"
    owner.http.cookies.set_cookie(cookie)
    for number in range(8):
        refuse(from_address(new_browser(), f"192.0.2.{number}"), strict, person.username, "a guess")
    page = owner.get(strict.url("/login?again=1"))
    assert owner.log_in(page, person.username, person.password).status == 429


def test_the_current_password_can_not_be_guessed_in_a_browser_left_signed_in(
    strict: Center, browser: Browser
) -> None:
    person = strict.add_person()
    from_address(browser, "198.51.100.3")
    refuse(browser, strict, person.username, person.password)
    answers = []
    for _ in range(4):
        page = browser.get(strict.url("/account/password"))
        fields = {"current": "a guess", "new": "another good one", "repeat": "another good one"}
        answers.append(browser.submit(page, "current", **fields).status)
    assert answers == [400, 400, 400, 429]


def test_the_address_is_the_one_the_trusted_proxy_saw(strict: Center, browser: Browser) -> None:
    person = strict.add_person()
    from_address(browser, "198.51.100.4")
    page = browser.follow(refuse(browser, strict, person.username, person.password))
    assert "198.51.100.4" in page.text
    assert "203.0.113.99" not in page.text


# What is remembered


def test_logins_are_in_the_audit_log_without_what_was_typed(center: Center, browser: Browser) -> None:
    person = center.add_person()
    page = refuse(browser, center, person.username, "a secret typed by mistake")
    page = browser.log_in(page, person.username, person.password)
    browser.log_in(browser.get(center.url("/login?again=1")), person.username, person.password)
    expected = {"login:password:fail", "login:session:open", "login:session:reopen"}

    def entries() -> list[Entry]:
        found = center.services.audit.latest(10, sub=person.sub)
        return found if {entry.tag for entry in found} == expected else []

    found = eventually(entries, what="the courier's drain")
    assert len(found) == 3
    assert all(entry.address == "127.0.0.1" and "Chrome" in entry.user_agent for entry in found)
    assert "mistake" not in str(found)
