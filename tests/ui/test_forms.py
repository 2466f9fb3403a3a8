"""Forms that only our own pages can send, and what becomes of one that was open for too long."""

from collections.abc import Callable

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.ui.conftest import Member


def credentials(person: Person, token: str = "") -> dict[str, str]:
    return {"username": person.username, "password": person.password, "csrf_token": token}


def token_in(page: Page) -> str:
    return page.forms[0].values["csrf_token"]


def is_signed_in(center: Center, browser: Browser) -> bool:
    return browser.get(center.url("/account")).status == 200


# Signing in


def test_a_login_without_a_token_is_refused(center: Center, person: Person, browser: Browser) -> None:
    browser.get(center.url("/login"))
    assert browser.post(center.url("/login"), credentials(person)).status == 400
    assert not is_signed_in(center, browser)


def test_a_token_counts_only_with_the_cookie_it_was_made_for(
    center: Center, person: Person, browser: Browser, new_browser: Callable[..., Browser]
) -> None:
    attackers = token_in(new_browser().get(center.url("/login")))
    assert browser.post(center.url("/login"), credentials(person, attackers)).status == 400
    browser.get(center.url("/login"))
    assert browser.post(center.url("/login"), credentials(person, attackers)).status == 400
    assert not is_signed_in(center, browser)


def test_a_forged_cookie_is_no_cookie(center: Center, person: Person, browser: Browser) -> None:
    forged = URLSafeTimedSerializer("guessed").dumps({"csrf_token": "abc"})
    browser.http.cookies.set("sso-form", forged, domain="sso.localhost")
    token = URLSafeTimedSerializer("guessed", salt="wtf-csrf-token").dumps("abc")
    assert browser.post(center.url("/login"), credentials(person, token)).status == 400


@pytest.mark.parametrize("sender", ["cross-site", "same-site"])
def test_a_form_on_another_site_is_refused_even_with_a_good_token(
    center: Center, person: Person, browser: Browser, sender: str
) -> None:
    token = token_in(browser.get(center.url("/login")))
    page = browser.post(center.url("/login"), credentials(person, token), headers={"Sec-Fetch-Site": sender})
    assert page.status == 400
    assert not is_signed_in(center, browser)


def test_our_own_form_is_taken_from_a_browser_that_says_where_it_stands(
    center: Center, person: Person, browser: Browser
) -> None:
    token = token_in(browser.get(center.url("/login")))
    page = browser.post(
        center.url("/login"), credentials(person, token), headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert page.status == 303


def test_a_form_whose_cookie_is_gone_is_shown_again_with_what_was_typed(
    center: Center, person: Person, browser: Browser
) -> None:
    page = browser.get(center.url("/login?next=/account/password"))
    browser.http.cookies.clear()
    page = browser.log_in(page, person.username, person.password, remember="yes")
    form = page.form("password")
    assert page.status == 400
    assert "open for a long time" in page.text
    assert (form.values["username"], form.values["password"]) == (person.username, "")
    assert form.values["remember"] == "yes"
    assert browser.log_in(page, person.username, person.password).headers["Location"] == "/account/password"


def test_a_page_left_open_overnight_still_works(center: Center, person: Person, browser: Browser) -> None:
    page = browser.get(center.url("/login"))
    center.move_clock(20 * 3600)
    # The form's token tells the machine's time, which no test moves: it is made anew, as of the day before.
    token = aged(center, token_in(page), 20 * 3600)
    assert browser.log_in(page, person.username, person.password, csrf_token=token).status == 303


def aged(center: Center, token: str, seconds: int) -> str:
    """Return a form's token as it would be had it been made so long ago."""

    class Then(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - seconds

    keys = center.services.keys.cookie_secrets("form")
    serializer = URLSafeTimedSerializer(keys, salt="wtf-csrf-token", signer=Then)
    return str(serializer.dumps(serializer.loads(token)))


def test_a_page_from_before_the_keys_were_rotated_still_works(
    center: Center, person: Person, browser: Browser
) -> None:
    page = browser.get(center.url("/login"))
    center.run("keys", "rotate")
    # By the first the process learns of the new keys, from the second on it signs forms with them.
    center.get("/jwks.json")
    center.get("/login")
    assert browser.log_in(page, person.username, person.password).status == 303


def test_forms_are_signed_with_the_newest_key_at_once(center: Center, browser: Browser) -> None:
    center.run("keys", "rotate")
    center.get("/jwks.json")
    page = browser.get(center.url("/login"))
    center.services.keys.reload()
    newest = center.services.keys.cookie_secrets("form")[-1]
    assert URLSafeTimedSerializer(newest, salt="wtf-csrf-token").loads(token_in(page))


def test_the_cookie_of_the_forms_is_kept_from_scripts_and_other_sites(
    center: Center, browser: Browser
) -> None:
    (line,) = browser.get(center.url("/login")).set_cookies
    assert line.startswith("sso-form=")
    assert all(word in line for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in line


# Being signed in


@pytest.mark.parametrize(
    "path", ["/account/sessions/end-others", "/account/sessions/00x/end", "/account/password"]
)
def test_nothing_of_the_account_changes_without_a_token(
    member: Member, sign_in: Callable[..., Member], path: str
) -> None:
    other = sign_in(member.person)
    page = member.browser.post(
        member.center.url(path),
        {"current": member.person.password, "new": "quite another one", "repeat": "quite another one"},
    )
    assert page.status == 303
    assert "Nothing was changed" in member.browser.follow(page).text
    assert other.is_signed_in
    assert member.center.services.users.check_password(member.person.sub, member.person.password)


def test_pages_that_do_not_show_a_form_set_no_cookie(member: Member) -> None:
    assert not [line for line in member.get("/nowhere").set_cookies if line.startswith("sso-form")]


def test_signing_out_on_a_page_open_for_too_long_is_asked_again(member: Member) -> None:
    page = member.get("/account")
    del member.browser.http.cookies["sso-form"]
    page = member.browser.submit(page, "logout")
    assert page.status == 400
    assert member.is_signed_in
    assert "signed out" in member.browser.submit(page, "logout-confirm").text
    assert not member.is_signed_in
