"""What a browser is told that comes back with the cookie of a session that is over."""

from collections.abc import Callable

import pytest

from sso_center.core.reasons import CENTER, Reason
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.waiting import eventually
from tests.ui.conftest import Member

SAID = {
    Reason.EXPIRED: "Your sign-in has expired.",
    Reason.LOGOUT: "You were signed out here, from another device or at one of the sites.",
    Reason.REPLACED: "A newer sign-in has taken the place of yours.",
    Reason.EVICTED: "Only so many sign-ins are allowed at the same time",
    Reason.ADMIN: "An administrator has signed you out.",
    Reason.PASSWORD_CHANGE: "The password of your account was changed",
    Reason.DISABLED: "Your account was disabled",
    Reason.ROLE_LOST: "What you may do was changed",
    Reason.REUSE: "A copy of your sign-in was used",
    Reason.REVOKED: "Your session has ended.",
}


def told(member: Member) -> str:
    """Return the notice on the login page."""
    page = member.get("/login")
    assert page.status == 200
    _, _, after = page.text.partition('<div class="notice" role="status">')
    return after.partition("</div>")[0]


def end(member: Member, reason: Reason) -> None:
    services = member.center.services
    (view,) = services.sessions.of_user(member.person.sub)
    services.endings.end_session(view.sid, reason, CENTER)


@pytest.mark.parametrize("reason", SAID)
def test_each_way_of_ending_has_its_words(member: Member, reason: Reason) -> None:
    end(member, reason)
    assert told(member).startswith(SAID[reason])


def test_a_browser_without_a_cookie_is_told_nothing(center: Center, browser: Browser) -> None:
    assert 'class="notice"' not in browser.get(center.url("/login")).text


def test_whoever_is_signed_in_is_told_nothing(member: Member) -> None:
    assert 'class="notice"' not in member.get("/login?again=1").text


def test_a_cookie_that_we_did_not_sign_is_told_nothing(member: Member) -> None:
    end(member, Reason.ADMIN)
    (cookie,) = (one for one in member.browser.http.cookies if one.name == "sso")
    chain, generation, secret, signature = str(cookie.value).split(".")
    cookie.value = ".".join((chain, generation, secret, signature[::-1]))
    member.browser.http.cookies.set_cookie(cookie)
    assert told(member) == ""


def test_it_is_said_in_chinese_too(member: Member) -> None:
    end(member, Reason.ADMIN)
    assert "管理员已将您退出登录" in member.get("/login?lang=zh").text


def test_a_site_that_sends_the_browser_to_the_login_changes_nothing_of_it(member: Member) -> None:
    site = member.center.add_site()
    end(member, Reason.EVICTED)
    page = member.browser.follow(site.visit(member.browser))
    assert SAID[Reason.EVICTED] in page.text


def test_it_is_over_with_the_next_login(member: Member) -> None:
    end(member, Reason.ADMIN)
    member.browser.log_in(member.get("/login"), member.person.username, member.person.password)
    assert 'class="notice"' not in member.get("/login?again=1").text


def test_an_expired_session_is_called_expired_before_and_after_the_sweep(
    new_center: Callable[..., Center], new_browser: Callable[..., Browser]
) -> None:
    center = new_center()
    person, browser = center.add_person(), new_browser()
    browser.log_in(browser.get(center.url("/login")), person.username, person.password)
    member = Member(center, person, browser)
    (view,) = center.services.sessions.of_user(person.sub)
    center.move_clock(center.services.settings.session_idle)
    assert told(member).startswith(SAID[Reason.EXPIRED])
    eventually(lambda: "session" not in center.hot.kept(view.sid), what="the sweep")
    assert told(member).startswith(SAID[Reason.EXPIRED])


def test_a_changed_password_tells_the_other_devices_so(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    phone = sign_in(member.person)
    fields = {"current": member.person.password, "new": "another long one", "repeat": "another long one"}
    member.browser.submit(member.get("/account/password"), "current", **fields)
    assert told(phone).startswith(SAID[Reason.PASSWORD_CHANGE])
    assert member.is_signed_in


def test_another_device_that_signs_this_one_out_is_named_as_such(
    member: Member, sign_in: Callable[..., Member]
) -> None:
    phone = sign_in(member.person)
    page = phone.get("/account")
    form = next(form for form in page.forms if form.action.endswith("/end"))
    phone.browser.submit(page, form)
    assert told(member).startswith(SAID[Reason.LOGOUT])


def test_whoever_signed_out_in_this_very_browser_knows_why(member: Member) -> None:
    member.browser.submit(member.get("/account"), "logout")
    assert not member.is_signed_in
    assert told(member) == ""


def test_a_copied_cookie_is_told_of_the_copy(member: Member) -> None:
    center, thief = member.center, Member(member.center, member.person, member.browser.twin())
    center.move_clock(center.services.settings.session_rotation - 60)
    assert member.is_signed_in  # the last touch before it would lie idle for too long
    center.move_clock(center.services.settings.session_rotation - 60)
    assert member.is_signed_in  # tells the successor
    assert member.is_signed_in  # and uses it
    center.move_clock(120)
    thief.get("/account")
    assert told(thief).startswith(SAID[Reason.REUSE])
    assert told(member).startswith(SAID[Reason.REUSE])
