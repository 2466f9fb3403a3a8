"""/logout: at a site's wish or the person's own, and what it refuses."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.oidc.conftest import AFTER_LOGOUT, Member


def logout_url(site: Site, **parameters: str) -> str:
    return f"{site.center.issuer}/logout?{urlencode(parameters)}"


def is_signed_in(member: Member, site: Site) -> bool:
    return "code" in member.browser.get(site.attempt(prompt="none").url).query


def assert_asks(page: Page) -> None:
    assert page.status == 200, page.text
    assert "logout-confirm" in page.form("logout-confirm").names


def assert_shown(page: Page) -> None:
    assert page.status == 400
    assert not page.location


# At a site's wish


def test_an_id_token_of_this_session_signs_out_at_once(member: Member, site: Site) -> None:
    page = member.browser.get(
        logout_url(
            site,
            id_token_hint=member.first.id_token,
            post_logout_redirect_uri=AFTER_LOGOUT,
            state="a b&c",
        )
    )
    assert page.status == 303
    assert page.location == f"{AFTER_LOGOUT}?state=a+b%26c"
    assert page.headers["Cache-Control"] == "no-store"
    assert any(line.startswith("sso=;") for line in page.set_cookies)
    assert not is_signed_in(member, site)
    assert not site.is_alive(member.sid)


def test_an_expired_id_token_is_good_enough(member: Member, site: Site, center: Center) -> None:
    center.move_clock(3000)
    page = member.browser.get(logout_url(site, id_token_hint=member.first.id_token, client_id=site.client_id))
    assert page.status == 200
    assert not page.forms
    assert not is_signed_in(member, site)


def test_an_old_cookie_put_back_opens_nothing(member: Member, site: Site) -> None:
    twin = member.browser.twin()
    member.browser.get(logout_url(site, id_token_hint=member.first.id_token))
    assert twin.get(site.attempt(prompt="none").url).query["error"] == "login_required"


def test_an_id_token_of_an_earlier_session_asks_the_person(sign_in: Callable[[], Member], site: Site) -> None:
    earlier, member = sign_in(), sign_in()
    assert_asks(member.browser.get(logout_url(site, id_token_hint=earlier.first.id_token)))
    assert is_signed_in(member, site)
    assert is_signed_in(earlier, site)


def test_an_id_token_of_somebody_else_asks_the_person(
    member: Member, site: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    theirs = site.sign_in(new_browser(), center.add_person())
    assert_asks(member.browser.get(logout_url(site, id_token_hint=theirs.id_token)))
    assert is_signed_in(member, site)


@pytest.mark.parametrize("hint", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_what_is_no_id_token_asks_the_person(member: Member, site: Site, hint: str) -> None:
    assert_asks(member.browser.get(logout_url(site, id_token_hint=hint)))
    assert is_signed_in(member, site)


def test_an_id_token_with_a_changed_signature_asks_the_person(member: Member, site: Site) -> None:
    head, body, signature = member.first.id_token.split(".")
    forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
    assert_asks(member.browser.get(logout_url(site, id_token_hint=forged)))


def test_without_a_session_the_browser_goes_on(site: Site, browser: Browser) -> None:
    page = browser.get(
        logout_url(site, client_id=site.client_id, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    )
    assert page.status == 303
    assert page.location == f"{AFTER_LOGOUT}?state=s"


# At the person's own


def test_without_a_hint_the_person_is_asked_first(member: Member, site: Site) -> None:
    page = member.browser.get(logout_url(site))
    assert_asks(page)
    assert is_signed_in(member, site)
    done = member.browser.submit(page, "logout-confirm")
    assert done.status == 200
    assert not is_signed_in(member, site)


def test_after_the_confirmation_the_browser_goes_where_the_site_said(member: Member, site: Site) -> None:
    page = member.browser.get(
        logout_url(site, client_id=site.client_id, post_logout_redirect_uri=AFTER_LOGOUT, state="s é")
    )
    assert_asks(page)
    done = member.browser.submit(page, "logout-confirm")
    assert (done.status, done.location) == (303, f"{AFTER_LOGOUT}?state=s+%C3%A9")


def test_confirming_twice_is_signed_out_all_the_same(member: Member, site: Site) -> None:
    page = member.browser.get(logout_url(site))
    member.browser.submit(page, "logout-confirm")
    assert member.browser.submit(page, "logout-confirm").status == 200


def test_a_confirmation_with_a_token_that_is_not_ours_is_refused(member: Member, site: Site) -> None:
    member.browser.get(logout_url(site))
    page = member.browser.post(site.center.url("/logout"), {"csrf_token": "x"})
    assert page.status == 400
    assert is_signed_in(member, site)


def test_a_confirmation_with_another_browsers_token_is_refused(
    sign_in: Callable[[], Member], site: Site
) -> None:
    attacker, member = sign_in(), sign_in()
    form = attacker.browser.get(logout_url(site)).form("logout-confirm")
    assert member.browser.post(site.center.url("/logout"), form.values).status == 400
    assert is_signed_in(member, site)


def test_a_confirmation_sent_by_another_sites_page_is_refused(member: Member, site: Site) -> None:
    form = member.browser.get(logout_url(site)).form("logout-confirm")
    page = member.browser.post(
        site.center.url("/logout"), form.values, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert page.status == 400
    assert is_signed_in(member, site)


# By POST of a site


def test_a_sites_post_becomes_the_same_request_by_get(member: Member, site: Site) -> None:
    form = {"id_token_hint": member.first.id_token, "client_id": site.client_id, "state": "s"}
    page = member.browser.post(site.center.url("/logout"), form, origin="http://site.localhost:1")
    assert page.status == 303
    assert urlsplit(page.location).path == "/logout"
    assert page.query == form
    assert is_signed_in(member, site)
    member.browser.follow(page)
    assert not is_signed_in(member, site)


# Refused


@pytest.mark.parametrize(
    "uri",
    [
        "http://evil.example/",
        AFTER_LOGOUT + "/",
        AFTER_LOGOUT + "?x",
        AFTER_LOGOUT.upper(),
        "//evil.example",
        "javascript:alert(1)",
        "/account",
    ],
)
def test_an_address_that_is_not_registered_is_not_gone_to_but_the_session_ends(
    member: Member, site: Site, uri: str
) -> None:
    url = logout_url(site, id_token_hint=member.first.id_token, post_logout_redirect_uri=uri)
    page = member.browser.get(url)
    assert page.status == 200
    assert "Location" not in page.headers
    assert not is_signed_in(member, site)


def test_without_proof_such_an_address_is_shown_and_nothing_ends(member: Member, site: Site) -> None:
    url = logout_url(site, client_id=site.client_id, post_logout_redirect_uri="https://evil.example/")
    assert_shown(member.browser.get(url))
    assert is_signed_in(member, site)


def test_another_sites_address_is_shown(member: Member, other_site: Site) -> None:
    url = logout_url(other_site, client_id=other_site.client_id, post_logout_redirect_uri=AFTER_LOGOUT)
    assert_shown(member.browser.get(url))


def test_an_address_without_a_known_site_is_shown(member: Member, site: Site) -> None:
    assert_shown(member.browser.get(logout_url(site, post_logout_redirect_uri=AFTER_LOGOUT)))
    url = logout_url(site, id_token_hint="x", post_logout_redirect_uri=AFTER_LOGOUT)
    assert_shown(member.browser.get(url))


def test_an_unknown_client_is_shown(member: Member, site: Site) -> None:
    assert_shown(member.browser.get(logout_url(site, client_id="nobody")))


def test_an_id_token_of_another_site_than_named_is_shown(
    member: Member, site: Site, other_site: Site
) -> None:
    url = logout_url(site, id_token_hint=member.first.id_token, client_id=other_site.client_id)
    assert_shown(member.browser.get(url))
    assert is_signed_in(member, site)


def test_a_parameter_given_twice_is_shown(member: Member, site: Site) -> None:
    url = logout_url(site, id_token_hint=member.first.id_token) + "&state=a&state=b"
    assert_shown(member.browser.get(url))
    assert is_signed_in(member, site)


def test_other_methods_are_refused(member: Member, site: Site) -> None:
    for method in ("HEAD", "PUT", "DELETE"):
        url = logout_url(site, id_token_hint=member.first.id_token)
        assert member.browser.request(method, url).status == 405
    assert is_signed_in(member, site)


def test_a_removed_sites_people_can_still_sign_out(center: Center, person: Person, new_browser: Any) -> None:
    gone, browser = center.add_site(), new_browser()
    signed_in = gone.sign_in(browser, person)
    center.services.clients.remove(gone.client_id)
    assert browser.get(logout_url(gone, id_token_hint=signed_in.id_token)).status == 200
    assert not center_knows(browser, center)


def center_knows(browser: Browser, center: Center) -> bool:
    return browser.get(center.url("/account")).status == 200
