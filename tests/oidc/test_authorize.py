"""/authorize for requests that are right: a code, a login, or word that a login is needed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.site import Attempt, Site
from tests.oidc.conftest import Member


def assert_asks_to_log_in(page: Page) -> None:
    assert page.status == 302, page.text
    assert urlsplit(page.location).path == "/login"
    assert page.query["next"].startswith("/authorize?")


def log_in_again(member: Member, page: Page, stop_at: str) -> Page:
    form = member.browser.follow(page)
    assert form.status == 200, form.text
    answer = member.browser.log_in(form, member.person.username, member.person.password)
    return member.browser.follow(answer, stop_at=stop_at)


def said_in(page: Page) -> str:
    return page.query.get("error", "")


# With a live session


def test_a_live_session_gets_a_code_without_a_password(member: Member, site: Site) -> None:
    attempt = site.attempt()
    page = member.browser.get(attempt.url)
    assert page.status == 302
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Location"].isascii()
    assert set(page.query) == {"code", "state", "iss"}
    assert site.finish(site.code_in(page, attempt), attempt).sid == member.sid


def test_a_second_site_joins_the_same_session(member: Member, other_site: Site) -> None:
    assert other_site.sign_in(member.browser).sid == member.sid


def test_state_comes_back_as_it_was_sent(member: Member, site: Site) -> None:
    for state in ("a b+c&d=e%f#g?h/'\"<>\\", "状态é", "x" * 1500):
        assert member.browser.get(site.attempt(state=state).url).query["state"] == state


def test_a_request_without_state_gets_an_answer_without_one(member: Member, site: Site) -> None:
    assert set(member.browser.get(site.attempt(state=None).url).query) == {"code", "iss"}


def test_an_empty_parameter_counts_as_left_out(member: Member, site: Site) -> None:
    assert "code" in member.browser.get(site.attempt(prompt="", max_age="", nonce="").url).query


def test_unknown_parameters_are_ignored(member: Member, site: Site) -> None:
    attempt = site.attempt(
        unknown="x", display="popup", claims='{"id_token":{"x":null}}', acr_values="a b", ui_locales="de zh"
    )
    assert "code" in member.browser.get(attempt.url).query


def test_unknown_scopes_are_left_out_and_the_answer_says_so(member: Member, site: Site) -> None:
    attempt = site.attempt(scope="openid offline_access email sso:admin")
    answer = site.redeem(site.code_for(member.browser, attempt), attempt).json()
    assert answer["scope"] == "openid email"


def test_consent_was_given_by_registering_the_site(member: Member, site: Site) -> None:
    assert "code" in member.browser.get(site.attempt(prompt="consent").url).query


def test_a_client_with_a_secret_may_leave_out_pkce(member: Member, site: Site) -> None:
    attempt = site.attempt(code_challenge=None, code_challenge_method=None)
    code = site.code_for(member.browser, attempt)
    assert site.redeem(code, attempt, code_verifier=None).status_code == 200


# Without one


def test_nobody_signed_in_is_sent_to_the_login_with_the_very_request(site: Site, browser: Browser) -> None:
    attempt = site.attempt(state="a b&c", login_hint="alice", ui_locales="zh")
    page = browser.get(attempt.url)
    assert_asks_to_log_in(page)
    assert page.query["next"] == attempt.url.removeprefix(site.center.issuer)
    assert page.query["login_hint"] == "alice"
    assert page.query["ui_locales"] == "zh"
    assert page.headers["Cache-Control"] == "no-store"


def test_after_the_login_the_request_goes_through(site: Site, browser: Browser, person: Person) -> None:
    assert site.sign_in(browser, person).claims["sub"]


def test_a_silent_request_without_a_session_is_told_so(site: Site, browser: Browser) -> None:
    attempt = site.attempt(prompt="none")
    page = browser.get(attempt.url)
    assert said_in(page) == "login_required"
    assert page.query["state"] == attempt.state


def test_a_silent_request_with_a_session_gets_a_code(member: Member, site: Site) -> None:
    assert "code" in member.browser.get(site.attempt(prompt="none").url).query


def test_a_cookie_that_is_not_ours_counts_as_none(site: Site, browser: Browser, center: Center) -> None:
    for value in ("x", "ff.1.2.3", "a" * 3000):
        page = browser.get(site.attempt(prompt="none").url, headers={"Cookie": f"sso={value}"})
        assert said_in(page) == "login_required", value


# By POST


def test_a_post_becomes_the_same_request_by_get(member: Member, site: Site) -> None:
    attempt = site.attempt(state="a b&c=é")
    url, _, query = attempt.url.partition("?")
    page = member.browser.post(url, query, origin="http://site.localhost:1", headers=FORM)
    assert page.status == 303
    assert page.headers["Location"] == f"/authorize?{query}"
    assert page.headers["Cache-Control"] == "no-store"
    assert member.browser.follow(page, stop_at=site.redirect_uri).query["state"] == "a b&c=é"


def test_a_parameter_in_both_address_and_form_is_refused(member: Member, site: Site) -> None:
    attempt = site.attempt()
    page = member.browser.post(attempt.url, {"nonce": "other"})
    assert said_in(member.browser.follow(page, stop_at=site.redirect_uri)) == "invalid_request"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# A login is demanded


def demand(member: Member, site: Site, **changes: str) -> tuple[Attempt, Page]:
    attempt = site.attempt(**changes)
    page = member.browser.get(attempt.url)
    assert_asks_to_log_in(page)
    return attempt, page


def test_prompt_login_asks_for_the_password_once(member: Member, site: Site, center: Center) -> None:
    center.move_clock(5)
    attempt, page = demand(member, site, prompt="login")
    back = log_in_again(member, page, site.redirect_uri)
    again = site.finish(site.code_in(back, attempt), attempt)
    assert again.claims["auth_time"] >= member.first.claims["auth_time"] + 5


def test_choosing_an_account_asks_for_the_password_once(member: Member, site: Site) -> None:
    attempt, page = demand(member, site, prompt="select_account")
    back = log_in_again(member, page, site.redirect_uri)
    assert site.code_in(back, attempt)


def test_a_session_younger_than_max_age_gets_a_code(member: Member, site: Site, center: Center) -> None:
    center.move_clock(10)
    assert "code" in member.browser.get(site.attempt(max_age="3600").url).query


def test_a_session_older_than_max_age_asks_for_the_password_once(
    member: Member, site: Site, center: Center
) -> None:
    center.move_clock(100)
    attempt, page = demand(member, site, max_age="60")
    back = log_in_again(member, page, site.redirect_uri)
    assert site.code_in(back, attempt)


def test_max_age_zero_asks_for_the_password_and_does_not_loop(member: Member, site: Site) -> None:
    attempt, page = demand(member, site, max_age="0")
    back = log_in_again(member, page, site.redirect_uri)
    assert site.code_in(back, attempt)


def test_a_silent_request_with_too_old_a_session_is_told_so(
    member: Member, site: Site, center: Center
) -> None:
    center.move_clock(100)
    assert said_in(member.browser.get(site.attempt(max_age="60", prompt="none").url)) == "login_required"


def test_going_back_without_logging_in_is_asked_again(member: Member, site: Site) -> None:
    _, page = demand(member, site, prompt="login")
    assert_asks_to_log_in(member.browser.get(site.center.issuer + page.query["next"]))


def test_a_mark_of_another_request_does_not_spare_the_login(member: Member, site: Site) -> None:
    attempt, page = demand(member, site, prompt="login")
    back = log_in_again(member, page, site.redirect_uri)
    assert site.code_in(back, attempt)
    mark = page.query["next"].rpartition("&")[2]
    assert mark.startswith("login_demanded=")
    assert_asks_to_log_in(member.browser.get(f"{site.attempt(prompt='login').url}&{mark}"))


def test_a_forged_mark_does_not_spare_the_login(member: Member, site: Site) -> None:
    for mark in ("0.x", "1", "", "0.é", "-1.", f"{10**30}.{'a' * 43}"):
        url = f"{site.attempt(prompt='login').url}&{urlencode({'login_demanded': mark})}"
        assert_asks_to_log_in(member.browser.get(url))


def test_a_demand_is_forgotten_after_an_hour(member: Member, site: Site, center: Center) -> None:
    _, page = demand(member, site, prompt="login")
    log_in_again(member, page, site.redirect_uri)
    center.move_clock(3601)
    assert_asks_to_log_in(member.browser.get(site.center.issuer + page.query["next"]))


# A hint at the person


def test_a_hint_at_the_person_who_is_signed_in_gets_a_code(
    member: Member, site: Site, center: Center
) -> None:
    center.move_clock(1000)
    attempt = site.attempt(id_token_hint=member.first.id_token, prompt="none")
    assert "code" in member.browser.get(attempt.url).query


def test_a_silent_hint_at_somebody_else_is_told(
    member: Member, site: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    theirs = site.sign_in(new_browser(), center.add_person())
    page = member.browser.get(site.attempt(id_token_hint=theirs.id_token, prompt="none").url)
    assert said_in(page) == "login_required"


def test_a_hint_at_somebody_else_lets_them_log_in(
    member: Member, site: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    somebody = center.add_person()
    theirs = site.sign_in(new_browser(), somebody)
    attempt = site.attempt(id_token_hint=theirs.id_token)
    page = member.browser.get(attempt.url)
    assert_asks_to_log_in(page)
    back = log_in_again(Member(member.browser, somebody, theirs), page, site.redirect_uri)
    assert site.finish(site.code_in(back, attempt), attempt).sub == theirs.sub


def test_a_hint_at_somebody_else_does_not_loop_when_the_wrong_person_logs_in(
    member: Member, site: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    theirs = site.sign_in(new_browser(), center.add_person())
    page = member.browser.get(site.attempt(id_token_hint=theirs.id_token).url)
    back = log_in_again(member, page, site.redirect_uri)
    assert said_in(back) == "login_required"


def test_an_app_on_the_persons_machine_may_listen_on_any_port(member: Member, center: Center) -> None:
    app = center.add_site(redirect_uri="http://127.0.0.1/cb", is_public=True)
    page = member.browser.get(app.attempt(redirect_uri="http://127.0.0.1:51234/cb").url)
    assert page.headers["Location"].startswith("http://127.0.0.1:51234/cb?code=")


def test_an_app_may_have_a_scheme_of_its_own(member: Member, center: Center) -> None:
    app = center.add_site(redirect_uri="org.example.app:/cb", is_public=True)
    assert member.browser.get(app.attempt().url).headers["Location"].startswith("org.example.app:/cb?code=")


def test_the_query_of_a_registered_address_is_kept(center: Center, member: Member, new_browser: Any) -> None:
    special = center.add_site(redirect_uri="http://special.localhost:1/cb?tenant=a%20b")
    page = member.browser.get(special.attempt(state="s").url)
    assert page.headers["Location"].startswith("http://special.localhost:1/cb?tenant=a%20b&code=")
    assert parse_qs(urlsplit(page.location).query)["state"] == ["s"]
