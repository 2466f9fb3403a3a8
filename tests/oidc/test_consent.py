"""A site that is not of the organisation: asked for once, remembered, told of a no, and withdrawn."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sso_center.core.audit import Tag
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.harness.site import Attempt, Site
from tests.oidc.exchange import assert_refused, refresh, tokens_for


@pytest.fixture(scope="module")
def partner(center: Center) -> Site:
    """A site of somebody else."""
    return center.add_site(
        name="Partner & Co",
        home_uri="https://partner.example/",
        is_third_party=True,
        scopes=("orders:read", "offline_access"),
        grant_types=("authorization_code", "refresh_token"),
    )


@pytest.fixture
def person(center: Center) -> Person:
    """Somebody whom no test has asked before."""
    return center.add_person(roles=["staff"])


@pytest.fixture
def signed_in(site: Site, person: Person, browser: Browser) -> Browser:
    """The person's browser, signed in by way of a site of the organisation."""
    site.sign_in(browser, person)
    return browser


def ask(browser: Browser, partner: Site, **changes: str) -> tuple[Attempt, Page]:
    """Send a browser to /authorize, and return the attempt and the page on which the person is asked."""
    attempt = partner.attempt(**changes)
    page = partner.visit(browser, attempt)
    assert page.status == 200, page.location
    assert urlsplit(page.url).path == "/consent"
    return attempt, page


def allow(browser: Browser, partner: Site, page: Page) -> Page:
    """Allow, and return the redirect back to the site."""
    return browser.follow(browser.submit(page, "consent-allow"), stop_at=partner.redirect_uri)


def consents_of(center: Center, person: Person) -> dict[str, tuple[str, ...]]:
    return {one.client_id: one.scope for one in center.services.users.get(person.sub).consents}


# Asked once


def test_a_third_party_site_gets_nothing_before_the_person_allowed_it(
    center: Center, partner: Site, person: Person, signed_in: Browser
) -> None:
    attempt, page = ask(signed_in, partner, scope="openid email")
    assert "Partner &amp; Co" in page.text
    assert "https://partner.example/" in page.text
    assert person.email in page.text
    assert "staff" in page.text
    assert "Your name" not in page.text
    assert consents_of(center, person) == {}
    session = center.services.sessions.of_user(person.sub)[0]
    assert partner.client_id not in session.client_ids

    back = allow(signed_in, partner, page)
    signed = partner.finish(partner.code_in(back, attempt), attempt)
    assert signed.claims["email"] == person.email
    assert consents_of(center, person) == {partner.client_id: ("email", "openid")}
    noted = center.services.audit.latest(1, sub=person.sub, tag=Tag.CONSENT_GRANTED)[0]
    assert (noted.client_id, noted.actor, noted.sid) == (partner.client_id, person.sub, signed.sid)
    assert noted.detail == {"scope": ["openid", "email"]}


def test_a_third_party_site_asks_about_its_token_and_learns_no_more_than_was_allowed(
    partner: Site, person: Person, signed_in: Browser, auditor: Site
) -> None:
    told = []
    for scope in ("openid", "openid profile"):
        attempt, page = ask(signed_in, partner, scope=scope)
        given = partner.finish(partner.code_in(allow(signed_in, partner, page), attempt), attempt)
        told.append(partner.introspect(given.access_token))
        assert auditor.introspect(given.access_token)["username"] == person.username
    assert "username" not in told[0]
    assert told[1]["username"] == person.username


def test_what_was_allowed_is_not_asked_again_but_more_is(
    center: Center, partner: Site, person: Person, signed_in: Browser, new_browser: Callable[[], Browser]
) -> None:
    _, page = ask(signed_in, partner, scope="openid email")
    allow(signed_in, partner, page)
    for scope in ("openid email", "openid", "openid email unknown"):
        assert "code" in partner.visit(signed_in, scope=scope).query
    elsewhere = new_browser()
    login = elsewhere.follow(elsewhere.get(partner.attempt(scope="openid").url))
    answer = elsewhere.log_in(login, person.username, person.password)
    assert "code" in elsewhere.follow(answer, stop_at=partner.redirect_uri).query

    _, page = ask(signed_in, partner, scope="openid orders:read")
    assert "orders:read" in page.text
    allow(signed_in, partner, page)
    assert consents_of(center, person)[partner.client_id] == ("email", "openid", "orders:read")
    assert "code" in partner.visit(signed_in, scope="openid email orders:read").query


def test_consent_is_of_one_person_to_one_site(
    center: Center, partner: Site, signed_in: Browser, site: Site, new_browser: Callable[[], Browser]
) -> None:
    _, page = ask(signed_in, partner)
    allow(signed_in, partner, page)
    ask(signed_in, center.add_site(is_third_party=True))
    other, somebody_else = center.add_person(), new_browser()
    site.sign_in(somebody_else, other)
    ask(somebody_else, partner)


def test_a_site_of_the_organisation_is_never_asked_for(site: Site, signed_in: Browser) -> None:
    for prompt in (None, "consent"):
        assert "code" in site.visit(signed_in, prompt=prompt).query


def test_whoever_signs_in_on_the_way_is_asked_after_the_login(
    partner: Site, person: Person, browser: Browser
) -> None:
    attempt = partner.attempt(prompt="login")
    login = partner.visit(browser, attempt)
    page = browser.follow(browser.log_in(login, person.username, person.password))
    assert urlsplit(page.url).path == "/consent"
    # The login that was demanded is not demanded again.
    assert partner.code_in(allow(browser, partner, page), attempt)


# No


def test_a_no_is_told_to_the_site_and_asked_again_next_time(
    center: Center, partner: Site, person: Person, signed_in: Browser
) -> None:
    attempt, page = ask(signed_in, partner)
    back = signed_in.submit(page, "consent-deny")
    assert back.location.startswith(partner.redirect_uri)
    assert (back.query["error"], back.query["state"]) == ("access_denied", attempt.state)
    assert back.query["iss"] == center.issuer
    assert consents_of(center, person) == {}
    ask(signed_in, partner)


def test_a_site_that_wants_no_page_is_told_so(partner: Site, signed_in: Browser) -> None:
    attempt = partner.attempt(prompt="none")
    told = signed_in.get(attempt.url).query
    assert (told["error"], told["state"]) == ("consent_required", attempt.state)
    _, page = ask(signed_in, partner)
    allow(signed_in, partner, page)
    assert "code" in signed_in.get(partner.attempt(prompt="none").url).query


# A demanded consent


def test_prompt_consent_asks_once_although_everything_was_allowed(partner: Site, signed_in: Browser) -> None:
    _, page = ask(signed_in, partner)
    allow(signed_in, partner, page)
    attempt, page = ask(signed_in, partner, prompt="consent")
    back = allow(signed_in, partner, page)
    assert partner.code_in(back, attempt)
    # Going back without an answer is asked again; so is another request with the mark of this one.
    _, page = ask(signed_in, partner, prompt="consent")
    waiting = parse_qs(urlsplit(page.url).query)["next"][0]
    assert urlsplit(signed_in.get(partner.center.url(waiting)).location).path == "/consent"
    mark = waiting.rpartition("&")[2]
    assert mark.startswith("consent_demanded=")
    url = f"{partner.attempt(prompt='consent').url}&{mark}"
    assert urlsplit(signed_in.get(url).location).path == "/consent"


@pytest.mark.parametrize("mark", ["0.x", "1", "", "9999999999999.é"])
def test_a_forged_mark_does_not_spare_the_question(partner: Site, signed_in: Browser, mark: str) -> None:
    _, page = ask(signed_in, partner)
    allow(signed_in, partner, page)
    url = f"{partner.attempt(prompt='consent').url}&{urlencode({'consent_demanded': mark})}"
    assert urlsplit(signed_in.get(url).location).path == "/consent"


def test_a_demanded_login_and_a_demanded_consent_are_each_asked_once(
    center: Center, partner: Site, person: Person, signed_in: Browser
) -> None:
    center.move_clock(5)
    attempt = partner.attempt(prompt="login consent")
    login = partner.visit(signed_in, attempt)
    page = signed_in.follow(signed_in.log_in(login, person.username, person.password))
    assert urlsplit(page.url).path == "/consent"
    assert partner.code_in(allow(signed_in, partner, page), attempt)


def test_whoever_is_signed_out_right_after_the_answer_is_not_asked_twice(
    center: Center, partner: Site, person: Person, signed_in: Browser
) -> None:
    attempt, page = ask(signed_in, partner, prompt="consent")
    onward = signed_in.submit(page, "consent-allow")
    signed_in.submit(signed_in.get(center.url("/logout")), "logout-confirm")
    login = signed_in.follow(onward)
    answer = signed_in.log_in(login, person.username, person.password)
    assert partner.code_in(signed_in.follow(answer, stop_at=partner.redirect_uri), attempt)


def test_the_longest_request_gets_through_login_and_consent(
    partner: Site, person: Person, browser: Browser
) -> None:
    def attempt(length: int) -> str:
        return partner.attempt(prompt="login consent", state="s" * length).url

    url = attempt(3600 - len(urlsplit(attempt(0)).query))
    page = browser.follow(browser.get(url))
    page = browser.follow(browser.log_in(page, person.username, person.password))
    assert "code" in allow(browser, partner, page).query
    assert browser.get(url + "s").status == 400


# The page can't be turned against the person


def test_an_answer_counts_only_from_our_page_and_for_who_and_what_it_showed(
    center: Center, partner: Site, site: Site, person: Person, signed_in: Browser
) -> None:
    _, page = ask(signed_in, partner)
    form = page.form("consent-allow")
    forged = {**form.values, "csrf_token": "forged"}
    again = signed_in.post(page.url, forged)
    assert again.status == 400
    assert "consent-allow" in again.form("consent-allow").names
    headers = {"Sec-Fetch-Site": "same-site"}
    assert signed_in.post(page.url, form.values, headers=headers).status == 400
    for changed in ({"scope": "openid"}, {"sub": "somebody"}, {"scope": ""}):
        assert signed_in.post(page.url, {**form.values, **changed}).status == 409

    other = center.add_person()
    login = signed_in.get(center.url("/login?again=1"))
    signed_in.log_in(login, other.username, other.password)
    late = signed_in.submit(page, "consent-allow")
    assert late.status in (400, 409)
    assert other.email in late.text
    assert consents_of(center, person) == consents_of(center, other) == {}


def test_the_page_shows_nothing_that_authorize_would_not_take(
    center: Center, partner: Site, site: Site, signed_in: Browser, new_browser: Callable[[], Browser]
) -> None:
    def at(url: str, browser: Browser = signed_in) -> Page:
        waiting = f"/authorize?{urlsplit(url).query}"
        return browser.get(f"{center.url('/consent')}?{urlencode({'next': waiting})}")

    for wrong in ("", "?next=/account", "?next=https://evil.example/authorize%3Fclient_id=x"):
        assert signed_in.get(center.url("/consent") + wrong).status == 400
    elsewhere = f"//evil.example/?x=1&{urlsplit(partner.attempt().url).query}"
    assert signed_in.get(f"{center.url('/consent')}?{urlencode({'next': elsewhere})}").status == 400
    assert at(partner.attempt(client_id="nobody").url).status == 400
    assert at(partner.attempt(redirect_uri="https://evil.example/").url).status == 400
    assert at(partner.attempt(response_type="token").url).query["error"] == "unsupported_response_type"
    nobody = at(partner.attempt().url, new_browser())
    assert urlsplit(nobody.location).path == "/authorize"
    assert urlsplit(at(site.attempt().url).location).path == "/authorize"


def test_the_page_speaks_the_language_the_site_wished_and_keeps_the_request(
    partner: Site, signed_in: Browser
) -> None:
    attempt, page = ask(signed_in, partner, ui_locales="zh-CN", prompt="consent")
    assert 'lang="zh-Hans"' in page.text
    assert "不允许" in page.text
    english = signed_in.get(f"{page.url}&lang=en")
    assert "Don't allow" in english.text
    assert partner.code_in(allow(signed_in, partner, english), attempt)


def test_what_a_site_holds_counts_only_once_it_is_allowed_when_it_becomes_a_third_party(
    center: Center, site: Site, signed_in: Browser
) -> None:
    lasting = {"grant_types": ("authorization_code", "refresh_token"), "scopes": ("offline_access",)}
    sold = center.add_site(**lasting, access_token_format="jwt", audiences=(site.client_id,))
    app = center.add_site(access_token_format="app", audiences=(site.client_id,))
    given = tokens_for(signed_in, sold, scope="openid offline_access")
    token = tokens_for(signed_in, app, device_id="phone")["access_token"]
    held = (given["access_token"], given["refresh_token"], token)
    for owner in (sold, app):
        center.services.clients.update(owner.client_id, is_third_party=True)
    for owner, one in zip((sold, sold, app), held, strict=True):
        assert owner.introspect(one) == {"active": False}
        assert site.introspect(one) == {"active": False}
    assert_refused(refresh(sold, given["refresh_token"]), 400, "invalid_grant")
    _, page = ask(signed_in, sold, scope="openid offline_access", prompt="consent")
    allow(signed_in, sold, page)
    assert sold.introspect(given["access_token"])["active"] is True


# Withdrawn


def test_withdrawing_on_the_account_page_ends_what_the_site_has_and_asks_again(
    center: Center, person: Person, browser: Browser, site: Site
) -> None:
    with Receiver() as receiver:
        partner = center.add_site(
            name="Watched",
            is_third_party=True,
            backchannel_logout_uri=receiver.uri,
        )
        site.sign_in(browser, person)
        attempt, page = ask(browser, partner)
        signed = partner.finish(partner.code_in(allow(browser, partner, page), attempt), attempt)
        assert partner.introspect(signed.access_token)["active"]

        account = browser.get(center.url("/account"))
        assert "Sites you gave access" in account.text
        form = next(one for one in account.forms if one.action.endswith(f"/{partner.client_id}/withdraw"))
        after = browser.follow(browser.submit(account, form))
        assert "Sites you gave access" not in after.text
        assert consents_of(center, person) == {}
        assert not partner.introspect(signed.access_token)["active"]
        assert not partner.is_alive(signed.sid)
        assert browser.get(center.url("/account")).status == 200
        receiver.wait_for(1, sid=signed.sid)
    noted = center.services.audit.latest(1, sub=person.sub, tag=Tag.CONSENT_WITHDRAWN)[0]
    assert (noted.client_id, noted.actor) == (partner.client_id, person.sub)
    ask(browser, partner)


def test_a_site_that_stays_connected_is_shown_and_can_be_cut_off(
    center: Center, partner: Site, person: Person, signed_in: Browser, new_browser: Callable[[], Browser]
) -> None:
    _, page = ask(signed_in, partner, scope="openid")
    allow(signed_in, partner, page)
    # Each time it is to stay connected the person is asked.
    attempt, page = ask(signed_in, partner, scope="openid offline_access", prompt="consent")
    assert "stays connected while you are away" in page.text
    answer = partner.redeem(partner.code_in(allow(signed_in, partner, page), attempt), attempt).json()
    signed_in.submit(signed_in.get(center.url("/logout")), "logout-confirm")
    refreshed = partner.post(
        "/token", {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    )
    assert refreshed.status_code == 200, refreshed.text

    browser = new_browser()
    browser.log_in(browser.get(center.url("/login")), person.username, person.password)
    account = browser.get(center.url("/account"))
    assert "Stays connected while you are away" in account.text
    form = next(one for one in account.forms if one.action.endswith("/withdraw"))
    browser.submit(account, form)
    token = refreshed.json()["refresh_token"]
    refused = partner.post("/token", {"grant_type": "refresh_token", "refresh_token": token})
    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"
    assert not partner.introspect(refreshed.json()["access_token"])["active"]
    assert "/withdraw" not in browser.get(center.url("/account")).text


def test_withdrawing_from_an_app_ends_the_session_of_its_own(
    center: Center, person: Person, signed_in: Browser
) -> None:
    app = center.add_site(name="App", is_third_party=True, access_token_format="app")
    attempt, page = ask(signed_in, app)
    token = app.redeem(app.code_in(allow(signed_in, app, page), attempt), attempt).json()["access_token"]
    assert app.introspect(token)["active"]
    assert sorted(view.kind for view in center.services.sessions.of_user(person.sub)) == ["app", "browser"]
    account = signed_in.get(center.url("/account"))
    form = next(one for one in account.forms if one.action.endswith("/withdraw"))
    signed_in.submit(account, form)
    assert not app.introspect(token)["active"]
    assert [view.kind for view in center.services.sessions.of_user(person.sub)] == ["browser"]


@pytest.fixture(scope="module")
def own(center: Center) -> Site:
    """A site of the organisation that may stay connected."""
    return center.add_site(
        name="Own", scopes=("offline_access",), grant_types=("authorization_code", "refresh_token")
    )


def stay_connected(browser: Browser, own: Site) -> str:
    attempt = own.attempt(scope="openid offline_access")
    return str(own.redeem(own.code_for(browser, attempt), attempt).json()["refresh_token"])


def test_a_site_of_the_organisation_that_stays_connected_is_shown_too(
    center: Center, own: Site, signed_in: Browser
) -> None:
    token = stay_connected(signed_in, own)
    account = signed_in.get(center.url("/account"))
    form = next(one for one in account.forms if one.action.endswith(f"/{own.client_id}/withdraw"))
    after = signed_in.follow(signed_in.submit(account, form))
    assert "/withdraw" not in after.text
    refused = own.post("/token", {"grant_type": "refresh_token", "refresh_token": token})
    assert refused.json()["error"] == "invalid_grant"


def test_what_ended_otherwise_is_not_shown_any_more(
    center: Center, own: Site, person: Person, signed_in: Browser
) -> None:
    stay_connected(signed_in, own)
    assert "/withdraw" in signed_in.get(center.url("/account")).text
    center.services.users.set_password(person.sub, "nine blue tricycles")
    signed_in.log_in(signed_in.get(center.url("/login")), person.username, "nine blue tricycles")
    assert "/withdraw" not in signed_in.get(center.url("/account")).text


def test_nobody_withdraws_for_somebody_else(
    center: Center, partner: Site, person: Person, signed_in: Browser, new_browser: Callable[[], Browser]
) -> None:
    _, page = ask(signed_in, partner)
    allow(signed_in, partner, page)
    path = center.url(f"/account/access/{partner.client_id}/withdraw")
    assert signed_in.post(path, {}).status == 303
    assert new_browser().post(path, {}).status in (303, 400)
    assert partner.client_id in consents_of(center, person)
