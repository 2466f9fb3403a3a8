"""Walking tour: a step of signing in is one file in `ui/login/` and one line in its order.

Two are added to a copy of the product: toys/badge.py, with which a person can begin instead of the password,
and toys/one_time_code.py, a second step for some people. Read those two files first. Nothing else is touched,
and still: the sign-in page links to the badge, both steps have a page, protected forms and headers, they are
taken in their order, and ID tokens say by which methods (`amr`) and how strongly (`acr`) a person signed in.
"""

from collections.abc import Iterator

import pytest

from tests.extending.copied_center import CopiedCenter
from tests.extending.product import Copy, copied_center
from tests.harness.browser import REDIRECTS, Browser, Page
from tests.harness.center import Person
from tests.harness.site import SignedIn, Site

ORDER = "sso_center/ui/login/order.py"


BADGE, CODE = "sso_center.ui.login.badge", "sso_center.ui.login.one_time_code"


def line(step: str) -> str:
    return f'    "{step}",'


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopiedCenter]:
    """A center with both steps, each added by a file and a line."""
    copy = Copy(tmp_path_factory.mktemp("copy"))
    copy.add_file("badge.py", "sso_center/ui/login/badge.py")
    copy.add_line(ORDER, line(BADGE), after=line("sso_center.ui.login.password"))
    copy.add_file("one_time_code.py", "sso_center/ui/login/one_time_code.py")
    copy.add_line(ORDER, line(CODE), after=line(BADGE))
    with copied_center(copy, tmp_path_factory) as center:
        yield center


@pytest.fixture(scope="module")
def site(center: CopiedCenter) -> Site:
    return center.add_site()


@pytest.fixture(scope="module")
def careful(center: CopiedCenter) -> Person:
    """Somebody who has to take the second step."""
    return center.add_person(roles=["careful"])


@pytest.fixture(scope="module")
def anyone(center: CopiedCenter) -> Person:
    return center.add_person()


def enter(site: Site, browser: Browser, steps: dict[str, dict[str, str]]) -> SignedIn:
    """Sign in at a site: each of `steps` is a form, by a field or button in it, and what is filled in."""
    attempt = site.attempt()
    page = site.visit(browser, attempt)
    for holding, fields in steps.items():
        page = browser.follow(browser.submit(page, holding, **fields), stop_at=site.redirect_uri)
    return site.finish(site.code_in(page, attempt), attempt)


def code_of(page: Page) -> str:
    return page.text.partition('id="challenge">')[2].partition("<")[0][::-1]


def password_of(person: Person) -> dict[str, str]:
    return {"username": person.username, "password": person.password}


def test_the_sign_in_page_begins_with_the_password_and_links_to_the_badge(
    center: CopiedCenter, browser: Browser
) -> None:
    page = browser.get(center.url("/login?next=/account"))
    assert page.form("password")
    assert 'href="/login/badge?next=%2Faccount"' in page.text
    assert "Sign in with a badge" in page.text
    badge = browser.get(center.url("/login/badge?next=%2Faccount"))
    assert badge.form("badge")
    assert 'href="/login/password?next=%2Faccount"' in badge.text
    assert browser.get(center.url("/login/password")).form("password")


def test_a_person_begins_with_a_badge_instead_of_the_password(
    center: CopiedCenter, site: Site, browser: Browser, anyone: Person
) -> None:
    attempt = site.attempt()
    page = site.visit(browser, attempt)
    address = page.text.partition('href="/login/badge')[2].partition('"')[0].replace("&amp;", "&")
    page = browser.get(center.url("/login/badge" + address))
    wrong = browser.submit(page, "badge", badge="badge of nobody")
    assert wrong.status == 403
    page = browser.follow(
        browser.submit(wrong, "badge", badge=f"badge of {anyone.username}"), stop_at=site.redirect_uri
    )
    signed = site.finish(site.code_in(page, attempt), attempt)
    assert (signed.sub, signed.claims["amr"]) == (anyone.sub, ["hwk"])
    assert signed.claims["acr"] == "urn:sso:one-factor"


def test_only_whom_the_second_step_concerns_takes_it(site: Site, browser: Browser, anyone: Person) -> None:
    signed = enter(site, browser, {"password": password_of(anyone)})
    assert (signed.claims["amr"], signed.claims["acr"]) == (["pwd"], "urn:sso:password")


def test_amr_and_acr_come_from_the_steps_done(site: Site, browser: Browser, careful: Person) -> None:
    attempt = site.attempt()
    page = site.visit(browser, attempt)
    page = browser.follow(browser.submit(page, "password", **password_of(careful)))
    assert page.form("code")
    page = browser.follow(browser.submit(page, "code", code=code_of(page)), stop_at=site.redirect_uri)
    signed = site.finish(site.code_in(page, attempt), attempt)
    assert (signed.claims["amr"], signed.claims["acr"]) == (["pwd", "otp"], "urn:sso:two-factors")


def test_a_wrong_code_opens_nothing_and_a_challenge_is_good_once(
    center: CopiedCenter, browser: Browser, careful: Person
) -> None:
    page = browser.get(center.url("/login"))
    page = browser.follow(browser.submit(page, "password", **password_of(careful)))
    right = code_of(page)
    again = browser.submit(page, "code", code="wrong")
    assert again.form("code")
    assert browser.submit(page, "code", code=right).status not in REDIRECTS
    assert browser.get(center.url("/account")).status == 303


def test_the_second_step_can_not_be_taken_first(center: CopiedCenter, browser: Browser) -> None:
    answer = browser.get(center.url("/login/one-time-code?next=/account"))
    assert answer.location.startswith(center.url("/login?"))


def test_a_form_of_a_step_is_protected(center: CopiedCenter, browser: Browser, anyone: Person) -> None:
    browser.get(center.url("/login/badge"))
    answer = browser.post(center.url("/login/badge"), {"badge": f"badge of {anyone.username}"})
    assert browser.follow(answer).form("password")
    assert browser.get(center.url("/account")).status == 303


def test_the_first_line_decides_what_signing_in_begins_with(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    copy = Copy(tmp_path_factory.mktemp("copy"))
    copy.add_file("badge.py", "sso_center/ui/login/badge.py")
    copy.add_line(ORDER, line(BADGE), after="TABLE = (")
    with copied_center(copy, tmp_path_factory) as center:
        person = center.add_person()
        page = browser.get(center.url("/login?next=/account"))
        assert page.form("badge").action == "/login?next=%2Faccount"
        assert 'href="/login/password?next=%2Faccount"' in page.text
        assert browser.submit(page, "badge", badge=f"badge of {person.username}").status == 303
        assert browser.get(center.url("/account")).status == 200
        page = browser.get(center.url("/login/password?again=1"))
        assert browser.log_in(page, person.username, person.password).location == center.url("/account")
