"""The account page: sites, devices, signing out here, there and everywhere else."""

import re
from collections.abc import Callable

from sso_center.core.audit import Tag
from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.ui.conftest import Member

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def end_buttons(page: Page) -> list[str]:
    return [form.action for form in page.forms if re.fullmatch(r"/account/sessions/[^/]+/end", form.action)]


def test_the_root_leads_to_the_account_and_that_to_the_login(center: Center, browser: Browser) -> None:
    page = browser.get(center.url("/"))
    assert page.headers["Location"] == "/account"
    assert browser.get(page.location).headers["Location"] == "/login?next=%2Faccount"


def test_the_person_sees_themselves_and_this_device(member: Member) -> None:
    page = member.get("/account")
    assert member.person.username in page.text
    assert "Chrome on Linux" in page.text
    assert "This device" in page.text
    assert not end_buttons(page)


def test_sites_that_were_joined_are_listed_with_their_address(member: Member) -> None:
    site = member.center.add_site(name="The Café", home_uri="https://cafe.example/")
    quiet = member.center.add_site(name="No front page")
    for one in (site, quiet):
        one.visit(member.browser)
    text = member.get("/account").text
    assert 'href="https://cafe.example/"' in text
    assert "The Café" in text
    assert "No front page" in text


def test_a_name_that_is_markup_stays_text(center: Center, sign_in: Callable[..., Member]) -> None:
    person = center.add_person()
    center.services.users.update(person.sub, profile={"name": "<script>alert(1)</script>"})
    text = sign_in(person, user_agent="<b>Firefox/1 Linux</b>").get("/account").text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "<b>" not in text


def test_another_device_is_shown_and_can_be_signed_out(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    phone = sign_in(member.person, user_agent=IPHONE)
    page = member.get("/account")
    assert "Safari on iPhone" in page.text
    (action,) = end_buttons(page)
    answer = member.browser.submit(page, next(form for form in page.forms if form.action == action))
    assert answer.headers["Location"] == "/account"
    page = member.get("/account")
    assert "Safari on iPhone" not in page.text
    assert 'role="status"' in page.text
    assert not phone.is_signed_in
    assert member.is_signed_in


def test_each_device_says_what_it_was_used_for_and_from_where(member: Member) -> None:
    site = member.center.add_site(name="The Café")
    site.visit(member.browser)
    page = member.get("/account")
    ((_, uses),) = re.findall(r'<details class="uses">(.*?)<ol>(.*?)</ol>', page.text, re.S)
    rows = [
        " ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<li>(.*?)</li>", uses, re.S)
    ]
    assert rows == [f"{what} just now 127.0.0.1 · Chrome on Linux" for what in ("The Café", "Signed in")]


def test_what_another_browser_does_with_a_copied_cookie_is_seen(member: Member) -> None:
    site = member.center.add_site(name="The Café")
    thief = member.browser.twin()
    thief.http.headers["User-Agent"] = IPHONE
    site.visit(thief)
    (uses,) = re.findall(r'<details class="uses">.*?<ol>(.*?)</ol>', member.get("/account").text, re.S)
    assert "127.0.0.1 · Safari on iPhone" in uses


def test_a_site_that_is_no_more_is_still_named(member: Member) -> None:
    site = member.center.add_site()
    site.visit(member.browser)
    member.center.services.clients.remove(site.client_id)
    assert f"<span>{site.client_id}</span>" in member.get("/account").text


def test_a_device_that_is_gone_already_is_no_error(member: Member, sign_in: Callable[..., Member]) -> None:
    sign_in(member.person)
    page = member.get("/account")
    form = next(form for form in page.forms if form.action == end_buttons(page)[0])
    member.browser.submit(page, form)
    assert member.browser.submit(page, form).headers["Location"] == "/account"


def test_nobody_ends_a_session_that_is_not_theirs(member: Member, sign_in: Callable[..., Member]) -> None:
    stranger = sign_in()
    sid = member.center.services.sessions.of_user(stranger.person.sub)[0].sid
    token = member.get("/account").forms[0].values["csrf_token"]
    member.browser.post(member.center.url(f"/account/sessions/{sid}/end"), {"csrf_token": token})
    assert stranger.is_signed_in


def test_everywhere_else_is_not_here(member: Member, sign_in: Callable[..., Member]) -> None:
    others = [sign_in(member.person), sign_in(member.person)]
    page = member.get("/account")
    assert member.browser.submit(page, "end-others").headers["Location"] == "/account"
    assert not any(other.is_signed_in for other in others)
    assert member.is_signed_in
    assert "end-others" not in member.get("/account").text


def test_the_button_at_the_top_signs_out_at_once(member: Member) -> None:
    page = member.browser.follow(member.browser.submit(member.get("/account"), "logout"))
    assert "You are signed out" in page.text
    assert not member.is_signed_in


def test_signing_out_takes_the_session_cookie_and_sets_that_of_the_device_anew(member: Member) -> None:
    page = member.browser.submit(member.get("/account"), "logout")
    (session,) = [line for line in page.set_cookies if line.startswith("sso=")]
    assert session.startswith("sso=;")
    assert "Max-Age=0" in session
    # Else Chromium would show the next person the account by its back button: nothing of its cookies changed.
    assert any(line.startswith("sso-device=") for line in page.set_cookies)


def test_when_a_device_was_last_used_is_told_as_how_long_ago(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    sign_in(member.person, remember=True)
    member.center.move_clock(600)
    assert "10 minutes ago" in member.get("/account").text


def test_a_person_is_told_that_their_cookie_was_copied_until_they_change_the_password(
    sign_in: Callable[..., Member],
) -> None:
    member = sign_in(remember=True)
    thief = member.browser.twin()
    member.center.move_clock(2 * 3600 + 1)
    for _ in range(2):
        member.get("/account")
    member.center.move_clock(61)
    thief.get(member.center.url("/account"))
    thief.close()
    assert not member.is_signed_in
    again = sign_in(member.person)
    assert "A copy of a sign-in of yours was used" in again.get("/account").text
    page = again.get("/account/password")
    new = "nobody knows this one"
    again.browser.submit(page, "current", current=member.person.password, new=new, repeat=new)
    assert "A copy of a sign-in" not in again.get("/account").text


def test_an_app_that_is_signed_in_is_a_device_of_its_own(member: Member) -> None:
    app = member.center.add_site(name="The Shop's App", access_token_format="app", is_public=True)
    app.sign_in(member.browser, member.person)
    page = member.get("/account")
    names = [re.sub(r"<[^>]+>", "", name).strip() for name in re.findall(r"<h3>(.*?)</h3>", page.text, re.S)]
    assert "The Shop&#39;s App" in names
    # Not a site of this browser as well: signing out of that would leave the app signed in.
    assert not [form for form in page.forms if form.action.endswith("/leave")]
    form = next(form for form in page.forms if form.action in end_buttons(page))
    member.browser.submit(page, form)
    assert "<h3>The Shop&#39;s App</h3>" not in member.get("/account").text


def test_somebody_says_that_a_sign_in_was_not_theirs_and_ends_it(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    phone, other = sign_in(member.person, user_agent=IPHONE), sign_in(member.person)
    page = member.get("/account")
    sid = next(
        v.sid for v in member.center.services.sessions.of_user(member.person.sub) if "iPhone" in v.user_agent
    )
    assert f'href="/account/sessions/{sid}/not-me"' in page.text
    page = member.get(f"/account/sessions/{sid}/not-me")
    assert "Safari on iPhone" in page.text
    answer = member.browser.submit(page, "disown-here", where="there")
    assert answer.headers["Location"] == "/account"
    assert (phone.is_signed_in, other.is_signed_in, member.is_signed_in) == (False, True, True)
    (said,) = member.center.services.audit.latest(1, sub=member.person.sub, tag=Tag.SESSION_DISOWNED)
    assert (said.sid, said.actor, said.address) == (sid, member.person.sub, "127.0.0.1")


def test_or_ends_everything_and_chooses_a_new_password(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    phone, other = sign_in(member.person, user_agent=IPHONE), sign_in(member.person)
    sid = next(
        v.sid for v in member.center.services.sessions.of_user(member.person.sub) if "iPhone" in v.user_agent
    )
    page = member.get(f"/account/sessions/{sid}/not-me")
    answer = member.browser.submit(page, "disown-everywhere", where="everywhere")
    assert answer.headers["Location"] == "/account/password"
    assert "choose a password that nobody knows" in member.get("/account/password").text
    assert (phone.is_signed_in, other.is_signed_in) == (False, False)


def test_nobody_disowns_what_is_not_theirs_to_disown(member: Member, sign_in: Callable[..., Member]) -> None:
    stranger = sign_in()
    sid = member.center.services.sessions.of_user(stranger.person.sub)[0].sid
    token = member.get("/account").forms[0].values["csrf_token"]
    url = member.center.url(f"/account/sessions/{sid}/not-me")
    assert member.browser.get(url).headers["Location"] == "/account"
    member.browser.post(url, {"csrf_token": token, "where": "there"})
    assert stranger.is_signed_in


def test_this_very_device_can_be_disowned(member: Member) -> None:
    sid = member.center.services.sessions.of_user(member.person.sub)[0].sid
    page = member.get(f"/account/sessions/{sid}/not-me")
    assert member.browser.submit(page, "disown-here", where="there").headers["Location"] == "/login"
    assert not member.is_signed_in
