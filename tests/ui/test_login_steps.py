"""The step between password and session: choosing one's own password first."""

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person

NEW = "a much better one"


@pytest.fixture
def newcomer(center: Center) -> Person:
    """Somebody whose password was set by somebody else."""
    person = center.add_person()
    center.services.users.set_password(person.sub, person.password, must_change=True)
    return person


def begin(center: Center, browser: Browser, person: Person, target: str = "/account") -> Page:
    page = browser.get(center.url(f"/login?next={target}"))
    return browser.follow(browser.log_in(page, person.username, person.password))


def choose(browser: Browser, page: Page, new: str = NEW, repeat: str | None = None) -> Page:
    return browser.submit(page, "new", new=new, repeat=new if repeat is None else repeat)


def is_signed_in(center: Center, browser: Browser) -> bool:
    return browser.get(center.url("/account")).status == 200


def test_a_password_set_by_somebody_else_must_be_changed_first(
    center: Center, browser: Browser, newcomer: Person
) -> None:
    page = begin(center, browser, newcomer, "/account/password")
    assert page.form("new")
    assert not is_signed_in(center, browser)
    answer = choose(browser, page)
    assert answer.headers["Location"] == "/account/password"
    assert is_signed_in(center, browser)


def test_the_new_password_is_the_one_that_counts(center: Center, browser: Browser, newcomer: Person) -> None:
    choose(browser, begin(center, browser, newcomer))
    other = Browser()
    page = other.log_in(other.get(center.url("/login")), newcomer.username, newcomer.password)
    assert page.status == 403
    assert other.log_in(page, newcomer.username, NEW).status == 303
    other.close()


@pytest.mark.parametrize(
    ("new", "repeat"), [("short", None), (NEW, "another one"), ("", ""), ("12345678", None)]
)
def test_a_bad_choice_is_explained_and_asked_for_again(
    center: Center, browser: Browser, newcomer: Person, new: str, repeat: str | None
) -> None:
    page = choose(browser, begin(center, browser, newcomer), new, repeat)
    assert page.status == 400
    assert 'role="alert"' in page.text
    assert choose(browser, page).status == 303


def test_no_later_step_opens_without_the_password(center: Center, browser: Browser) -> None:
    page = browser.get(center.url("/login/new-password?next=/account"))
    assert page.headers["Location"].startswith("/login?")
    form = browser.get(center.url("/login")).form("password")
    sent = {"csrf_token": form.values["csrf_token"], "new": NEW, "repeat": NEW}
    page = browser.post(center.url("/login/new-password"), sent)
    assert page.headers["Location"].startswith("/login?")


def test_a_checked_password_waits_ten_minutes_for_the_next_step(
    center: Center, browser: Browser, newcomer: Person
) -> None:
    page = begin(center, browser, newcomer)
    center.move_clock(601)
    assert choose(browser, page).headers["Location"].startswith("/login?")
    assert not is_signed_in(center, browser)


def test_a_checked_password_is_void_once_the_credentials_changed(
    center: Center, browser: Browser, newcomer: Person
) -> None:
    page = begin(center, browser, newcomer)
    center.services.users.set_password(newcomer.sub, "set anew by an admin", must_change=True)
    assert choose(browser, page).headers["Location"].startswith("/login?")


def test_whoever_starts_again_begins_with_the_password(
    center: Center, browser: Browser, newcomer: Person
) -> None:
    page = begin(center, browser, newcomer)
    browser.get(center.url("/login"))
    assert choose(browser, page).headers["Location"].startswith("/login?")
    assert not is_signed_in(center, browser)


def test_the_form_cookie_of_a_step_can_not_be_used_twice(
    center: Center, browser: Browser, newcomer: Person
) -> None:
    page = begin(center, browser, newcomer)
    thief = browser.twin()
    assert choose(browser, page).status == 303
    assert choose(thief, page, "chosen by a thief").headers["Location"].startswith("/login?")
    assert not is_signed_in(center, thief)
    thief.close()
