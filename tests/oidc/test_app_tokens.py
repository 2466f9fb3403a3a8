"""Apps: one token for ninety days that renews itself, and the device it lives on."""

from collections.abc import Callable

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.oidc.conftest import Member
from tests.oidc.exchange import assert_refused, given, revoke, tokens_for

HOUR = 3600


@pytest.fixture(scope="session")
def api(center: Center) -> Site:
    """The site that the app's tokens are presented to."""
    return center.add_site(grant_types=("client_credentials",))


@pytest.fixture(scope="session")
def app(center: Center, api: Site) -> Site:
    """An app on phones, without a secret."""
    return center.add_site(is_public=True, access_token_format="app", audiences=(api.client_id,))


def test_a_code_gives_an_app_token(member: Member, app: Site, api: Site) -> None:
    tokens = tokens_for(member.browser, app, device_id="phone of alice")
    assert set(tokens) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 90 * 24 * HOUR)
    told = api.introspect(tokens["access_token"])
    assert (told["sub"], told["client_id"]) == (member.first.sub, app.client_id)
    assert (told["aud"], told["token_type"]) == (api.client_id, "Bearer")
    assert app.userinfo(tokens["access_token"]).json()["sub"] == member.first.sub


def test_an_app_has_a_session_of_its_own(member: Member, app: Site, api: Site) -> None:
    token = tokens_for(member.browser, app, device_id="own")["access_token"]
    assert api.introspect(token)["sid"] != member.sid
    member.browser.submit(member.browser.get(app.center.url("/logout")), "logout-confirm")
    assert api.introspect(token)["active"] is True


def test_the_next_token_is_told_when_it_is_due(member: Member, app: Site, api: Site, center: Center) -> None:
    first = tokens_for(member.browser, app, device_id="rotating")["access_token"]
    assert "successor" not in api.introspect(first)
    center.move_clock(2 * HOUR + 1)
    told = {api.introspect(first)["successor"] for _ in range(3)}
    assert len(told) == 1
    (second,) = told
    center.secrets.add(second)
    assert "successor" not in api.introspect(second)
    # Requests that are under way still come with the old one, for a minute.
    late = api.introspect(first)
    assert late["active"] is True
    assert "successor" not in late


def test_only_who_takes_the_tokens_in_is_told_the_next(
    member: Member, center: Center, api: Site, auditor: Site
) -> None:
    app = center.add_site(access_token_format="app", audiences=(api.client_id,))
    token = tokens_for(member.browser, app, device_id="told")["access_token"]
    center.move_clock(2 * HOUR + 1)
    own = app.introspect(token)
    assert own["active"] is True
    assert "successor" not in own
    assert api.introspect(token)["successor"] == auditor.introspect(token)["successor"]


def test_a_strict_apps_minute_does_not_begin_where_nobody_hands_its_next_token_on(
    member: Member, center: Center, api: Site, other_site: Site
) -> None:
    app = center.add_site(access_token_format="app", audiences=(api.client_id,), is_strict=True)
    token = tokens_for(member.browser, app, device_id="strict")["access_token"]
    center.move_clock(2 * HOUR + 1)
    assert app.userinfo(token).status_code == 200
    assert "successor" not in app.introspect(token)
    assert other_site.introspect(token) == {"active": False}
    center.move_clock(61)
    told = api.introspect(token)["successor"]
    center.secrets.add(told)
    center.move_clock(61)
    assert api.introspect(told)["active"] is True
    assert api.introspect(token) == {"active": False}


def test_two_copies_end_the_session(member: Member, app: Site, api: Site, center: Center) -> None:
    first = tokens_for(member.browser, app, device_id="copied")["access_token"]
    center.move_clock(2 * HOUR + 1)
    second = api.introspect(first)["successor"]
    assert api.introspect(second)["active"] is True
    center.move_clock(61)
    assert api.introspect(first) == {"active": False}
    assert api.introspect(second) == {"active": False}


def test_a_copy_that_shows_up_at_userinfo_ends_the_session_as_well(
    member: Member, app: Site, api: Site, center: Center
) -> None:
    first = tokens_for(member.browser, app, device_id="copied again")["access_token"]
    center.move_clock(2 * HOUR + 1)
    second = api.introspect(first)["successor"]
    assert app.userinfo(second).status_code == 200
    center.move_clock(61)
    assert app.userinfo(first).status_code == 401
    assert app.userinfo(second).status_code == 401


def test_a_new_login_on_the_device_ends_the_token_before(member: Member, app: Site, api: Site) -> None:
    first, other = (tokens_for(member.browser, app, device_id=device) for device in ("one", "two"))
    assert api.introspect(first["access_token"])["active"] is True
    again = tokens_for(member.browser, app, device_id="one")
    assert api.introspect(first["access_token"]) == {"active": False}
    for tokens in (again, other):
        assert api.introspect(tokens["access_token"])["active"] is True


def test_who_is_replaced_is_written_down_as_such(
    app: Site, api: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    somebody = center.add_person()
    browser = new_browser()
    attempt = app.attempt()
    page = browser.log_in(app.visit(browser, attempt), somebody.username, somebody.password)
    code = app.code_in(browser.follow(page, stop_at=app.redirect_uri), attempt)
    first = given(app.redeem(code, attempt, device_id="x"), app)["access_token"]
    sid = api.introspect(first)["sid"]
    tokens_for(browser, app, device_id="x")
    ended = [entry for entry in center.services.audit.latest(sub=somebody.sub) if entry.sid == sid]
    assert ("center:session:end", "replaced") in [(e.tag, e.detail.get("reason")) for e in ended]


def test_a_new_password_ends_the_token(
    app: Site, api: Site, center: Center, new_browser: Callable[..., Browser]
) -> None:
    somebody = center.add_person()
    attempt, browser = app.attempt(), new_browser()
    page = browser.log_in(app.visit(browser, attempt), somebody.username, somebody.password)
    code = app.code_in(browser.follow(page, stop_at=app.redirect_uri), attempt)
    token = given(app.redeem(code, attempt, device_id="x"), app)["access_token"]
    center.services.users.set_password(somebody.sub, "another long password")
    assert api.introspect(token) == {"active": False}


def test_a_code_presented_again_ends_the_apps_session(member: Member, app: Site, api: Site) -> None:
    attempt = app.attempt()
    code = app.code_for(member.browser, attempt)
    token = given(app.redeem(code, attempt, device_id="replayed"), app)["access_token"]
    sid = api.introspect(token)["sid"]
    assert_refused(app.redeem(code, attempt, device_id="replayed"), 400, "invalid_grant")
    assert api.introspect(token) == {"active": False}
    assert sid not in {view.sid for view in app.center.services.sessions.of_user(member.first.sub)}


@pytest.mark.parametrize("device_id", ["x" * 129, "é", "a\tb", "\x7f"])
def test_a_device_of_no_possible_form_is_refused_and_spends_nothing(
    member: Member, app: Site, device_id: str
) -> None:
    attempt = app.attempt()
    code = app.code_for(member.browser, attempt)
    assert_refused(app.redeem(code, attempt, device_id=device_id), 400, "invalid_request")
    longest = "~" * 128
    assert app.redeem(code, attempt, device_id=longest).status_code == 200


def test_without_a_device_the_browser_that_logged_in_tells_it(
    member: Member, app: Site, api: Site, sign_in: Callable[[], Member]
) -> None:
    first = tokens_for(member.browser, app)["access_token"]
    elsewhere = tokens_for(sign_in().browser, app)["access_token"]
    assert api.introspect(first)["active"] is True
    again = tokens_for(member.browser, app)["access_token"]
    assert api.introspect(first) == {"active": False}
    for token in (again, elsewhere):
        assert api.introspect(token)["active"] is True


def test_other_clients_may_send_a_device_and_nobody_reads_it(member: Member, site: Site) -> None:
    attempt = site.attempt()
    code = site.code_for(member.browser, attempt)
    assert site.redeem(code, attempt, device_id="é").status_code == 200


def test_an_app_token_can_not_be_refreshed(member: Member, app: Site) -> None:
    token = tokens_for(member.browser, app, device_id="r")["access_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client_id}
    assert_refused(app.post("/token", form), 400, "unauthorized_client")


def test_where_the_app_logged_in_from_is_kept(
    person: Person, member: Member, app: Site, api: Site, center: Center
) -> None:
    attempt = app.attempt()
    app.http.headers["User-Agent"] = "Shop/7 (Android)"
    token = given(app.redeem(app.code_for(member.browser, attempt), attempt, device_id="seen"), app)[
        "access_token"
    ]
    sid = api.introspect(token)["sid"]
    (view,) = [one for one in center.services.sessions.of_user(person.sub) if one.sid == sid]
    assert (view.user_agent, view.address) == ("Shop/7 (Android)", "127.0.0.1")
    assert revoke(app, token).status_code == 200
