"""Who gets into the console: people with the role, whose password was asked not long ago."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.routing import Rule

from sso_center.app import create_app
from sso_center.core.audit import Tag
from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.ui.admin.conftest import ROLE, Boss
from tests.ui.conftest import Member

AGE = 3600


def console(center: Center) -> list[Rule]:
    """Every address of the console."""
    rules = create_app(center.services).url_map.iter_rules()
    return [rule for rule in rules if rule.rule.startswith("/admin")]


def addresses(center: Center) -> set[str]:
    """The same, with ids that nobody has."""
    return {re.sub(r"<[^>]+>", "1", rule.rule) for rule in console(center)}


def asks_for_a_login(page: Page) -> bool:
    return page.status == 303 and urlsplit(page.location).path == "/login"


def test_nobody_sees_anything_without_a_login(center: Center, browser: Browser) -> None:
    found = addresses(center)
    assert len(found) > 25
    for path in found:
        page = browser.get(center.url(path))
        assert asks_for_a_login(page), path
        assert parse_qs(urlsplit(page.location).query)["next"] == [path]


def test_whoever_is_no_admin_is_told_what_to_do(member: Member) -> None:
    for path in addresses(member.center):
        page = member.get(path)
        assert page.status == 403, path
    assert member.person.username in page.text
    assert ROLE in page.text
    assert 'href="/login?next=%2Fadmin' in page.text


def test_a_post_of_whoever_is_no_admin_is_refused(member: Member, boss: Boss) -> None:
    token = member.get("/account").forms[0].values["csrf_token"]
    fields = {"csrf_token": token, "confirmed": "yes"}
    for path in (f"/admin/users/{boss.sub}/disable", "/admin/end/everyone", "/admin/keys/rotate"):
        assert member.browser.post(member.center.url(path), fields).status == 403
    assert boss.get("/admin").status == 200


def test_an_admin_gets_in_until_the_role_is_taken_away(boss: Boss) -> None:
    assert boss.get("/admin").status == 200
    boss.center.services.users.update(boss.sub, roles=[])
    assert boss.get("/admin").status == 403


def test_a_login_that_is_too_old_is_proved_again_and_leads_back(boss: Boss) -> None:
    browser, center = boss.member.browser, boss.center
    center.move_clock(AGE + 1)
    page = boss.get("/admin/sessions?address=192.0.2.1")
    assert asks_for_a_login(page)
    page = browser.get(page.location)
    assert "prove once more" in page.text
    person = boss.member.person
    page = browser.log_in(page, person.username, person.password)
    assert page.headers["Location"] == "/admin/sessions?address=192.0.2.1"
    assert browser.get(page.location).status == 200


def test_what_only_a_script_asked_for_leaves_nothing_to_be_said(boss: Boss) -> None:
    boss.center.move_clock(AGE + 1)
    browser = boss.member.browser
    headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    assert browser.get(boss.center.url("/admin"), headers=headers).status == 303
    assert "prove once more" not in browser.get(boss.center.url("/login?again=1")).text


def test_an_action_after_a_login_that_is_too_old_is_not_done_and_not_lost(boss: Boss) -> None:
    browser, center = boss.member.browser, boss.center
    question = boss.send("/admin/users/new", username="somebody-new", email="new@example.org")
    center.move_clock(AGE + 1)
    page = boss.confirm(question)
    assert asks_for_a_login(page)
    assert center.services.users.find("somebody-new") is None
    page = browser.get(page.location)
    assert "Nothing was changed yet" in page.text
    page = browser.follow(browser.log_in(page, boss.member.person.username, boss.member.person.password))
    # What was typed is there again, and nothing is done until it is confirmed.
    assert page.form("go-on").values["email"] == "new@example.org"
    assert center.services.users.find("somebody-new") is None
    assert boss.confirm(browser.submit(page, "go-on")).status == 200
    assert center.services.users.find("somebody-new") is not None


def test_the_login_of_somebody_else_meanwhile_opens_nothing(boss: Boss, member: Member) -> None:
    boss.center.move_clock(AGE + 1)
    page = boss.member.browser.get(boss.get("/admin/keys").location)
    page = boss.member.browser.log_in(page, member.person.username, member.person.password)
    assert boss.member.browser.get(page.location).status == 403


@pytest.mark.parametrize("token", [None, "forged"])
def test_a_form_without_its_token_does_nothing(boss: Boss, member: Member, token: str | None) -> None:
    fields = {"confirmed": "yes"} | ({"csrf_token": token} if token else {})
    path = f"/admin/users/{member.person.sub}/disable"
    page = boss.member.browser.post(boss.center.url(path), fields)
    assert page.headers["Location"] == path
    assert "Nothing was changed" in boss.get(path).text
    assert member.is_signed_in


def test_a_form_of_another_site_does_nothing(boss: Boss, member: Member) -> None:
    path = f"/admin/users/{member.person.sub}/disable"
    fields = {**boss.get(path).form("confirm").values}
    headers = {"Sec-Fetch-Site": "same-site"}
    boss.member.browser.post(boss.center.url(path), fields, headers=headers)
    assert member.is_signed_in


def test_a_get_and_an_unconfirmed_post_do_nothing(boss: Boss, member: Member) -> None:
    path = f"/admin/users/{member.person.sub}/disable"
    question = boss.get(path)
    fields = {name: value for name, value in question.form("confirm").values.items() if name != "confirmed"}
    again = boss.member.browser.post(boss.center.url(path), fields)
    assert again.form("confirm")
    assert member.is_signed_in


def test_no_action_is_done_without_the_form_s_token(boss: Boss) -> None:
    rules = [rule for rule in console(boss.center) if "POST" in (rule.methods or ())]
    ids = {"sub": boss.sub, "client_id": boss.center.add_site().client_id, "scope": "everyone"}
    assert len(rules) > 12
    for rule in rules:
        path = re.sub(r"<(?:[^>]*:)?(\w+)>", lambda found: ids.get(found[1], "1"), rule.rule)
        page = boss.member.browser.post(boss.center.url(path), {"confirmed": "yes"})
        assert page.headers["Location"] == path
    done = {one.tag for one in boss.center.services.audit.latest(50) if one.actor == boss.sub}
    # Their own sign-in comes to the log when a courier drains the streams, which may be just now.
    assert done <= {Tag.LOGIN_SUCCEEDED}


@pytest.mark.parametrize("path", ["users?q=%00", "audit?client=%00", "endings?user=a%00b"])
def test_what_is_no_text_is_not_looked_for(boss: Boss, path: str) -> None:
    assert boss.get(f"/admin/{path}").status == 400


def test_its_pages_run_only_our_script_and_can_not_be_framed(boss: Boss) -> None:
    page = boss.get("/admin")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    assert re.findall(r"<script[^>]*>", page.text) == re.findall(
        r'<script src="/assets/admin\.js\?v=\w+" defer>', page.text
    )
    assert "style=" not in page.text
    assert "onclick" not in page.text


def test_an_admin_finds_the_console_from_the_account_and_others_do_not(boss: Boss, member: Member) -> None:
    assert 'href="/admin"' in boss.get("/account").text
    assert 'href="/admin"' not in member.get("/account").text
