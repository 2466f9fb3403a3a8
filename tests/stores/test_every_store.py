"""The whole way in and out, and what must survive trouble, on every kind of stores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.oidc.exchange import CODE_AND_REFRESH, refresh, refreshed, revoke, tokens_for

HOUR = 3600


@pytest.fixture(autouse=True)
def _running(center: Center) -> None:
    if not center.is_running:
        center.start()


def test_one_sign_in_opens_two_sites(center: Center, browser: Browser, person: Person) -> None:
    shop, forum = center.add_site(), center.add_site()
    first = shop.sign_in(browser, person)
    second = forum.sign_in(browser)
    assert first.sid == second.sid
    assert first.sub == second.sub == person.sub
    assert first.claims["roles"] == ["staff"]
    assert shop.is_alive(first.sid)


def test_a_code_presented_by_fifty_is_redeemed_once(center: Center, browser: Browser, person: Person) -> None:
    shop = center.add_site()
    shop.sign_in(browser, person)
    attempt = shop.attempt()
    code = shop.code_for(browser, attempt)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.redeem(code, attempt).status_code, range(50)))
    assert answers.count(200) == 1
    assert answers.count(400) == 49


def test_a_logout_at_the_center_reaches_every_site(
    center: Center, browser: Browser, person: Person, receiver: Receiver
) -> None:
    shop = center.add_site(backchannel_logout_uri=f"{receiver.uri}/shop")
    forum = center.add_site(backchannel_logout_uri=f"{receiver.uri}/forum")
    session = shop.sign_in(browser, person)
    forum.sign_in(browser)
    done = browser.get(center.url(f"/logout?id_token_hint={session.id_token}"))
    assert done.status == 200
    assert not shop.is_alive(session.sid)
    assert not shop.introspect(session.access_token)["active"]
    told = receiver.wait_for(2, sid=session.sid)
    assert {delivery.claims["aud"] for delivery in told} == {shop.client_id, forum.client_id}


def test_a_cookie_put_back_after_a_logout_opens_nothing(
    center: Center, browser: Browser, person: Person
) -> None:
    shop = center.add_site()
    session = shop.sign_in(browser, person)
    thief = browser.twin()
    browser.get(center.url(f"/logout?id_token_hint={session.id_token}"))
    assert shop.visit(thief).form("password")
    thief.close()


def test_a_session_expires_on_time(center: Center, browser: Browser, person: Person) -> None:
    shop = center.add_site()
    session = shop.sign_in(browser, person)
    center.move_clock(2 * HOUR + 1)
    assert not shop.is_alive(session.sid)
    assert shop.visit(browser).form("password")


def test_tokens_are_renewed_told_again_and_taken_back(
    center: Center, browser: Browser, person: Person
) -> None:
    center.add_site().sign_in(browser, person)
    for form in ("opaque", "jwt"):
        shop = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format=form)
        first = tokens_for(browser, shop)
        told = refreshed(shop, first["refresh_token"])
        again = refreshed(shop, first["refresh_token"])
        for name in ("refresh_token", "access_token"):
            assert again[name] == told[name]
        newest = refreshed(shop, told["refresh_token"])
        assert shop.introspect(newest["access_token"])["active"]
        center.move_clock(11)
        # Two copies are in use.
        assert refresh(shop, first["refresh_token"]).json()["error"] == "invalid_grant"
        assert shop.introspect(newest["access_token"]) == {"active": False}
        assert refresh(shop, newest["refresh_token"]).json()["error"] == "invalid_grant"
        given = tokens_for(browser, shop)
        assert revoke(shop, given["refresh_token"]).status_code == 200
        assert shop.introspect(given["access_token"]) == {"active": False}


def test_an_app_token_rotates_and_a_new_login_on_the_device_ends_it(
    center: Center, browser: Browser, person: Person
) -> None:
    center.add_site().sign_in(browser, person)
    app = center.add_site(access_token_format="app")
    first, other = (tokens_for(browser, app, device_id="phone")["access_token"] for _ in range(2))
    assert app.introspect(first) == {"active": False}
    center.move_clock(2 * HOUR + 1)
    successor = app.introspect(other)["successor"]
    center.secrets.add(successor)
    assert app.introspect(successor)["active"]
    assert revoke(app, successor).status_code == 200
    assert app.introspect(successor) == {"active": False}


def test_a_session_survives_a_restart_of_the_center(center: Center, browser: Browser, person: Person) -> None:
    shop = center.add_site()
    session = shop.sign_in(browser, person)
    assert center.stop() == 0
    center.start()
    assert shop.sign_in(browser).sid == session.sid


def test_an_ended_session_stays_ended_after_a_restart(
    center: Center, browser: Browser, person: Person, new_browser: Callable[[], Browser]
) -> None:
    shop = center.add_site()
    session = shop.sign_in(browser, person)
    thief = browser.twin()
    browser.get(center.url(f"/logout?id_token_hint={session.id_token}"))
    center.stop()
    center.start()
    assert not shop.is_alive(session.sid)
    assert shop.visit(thief).form("password")
    thief.close()


def test_the_command_line_ends_a_persons_sessions(center: Center, browser: Browser, person: Person) -> None:
    shop = center.add_site()
    session = shop.sign_in(browser, person)
    center.run("logout", "--user", person.username)
    assert not shop.is_alive(session.sid)
