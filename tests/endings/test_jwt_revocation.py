"""JWTs that die at logout: an API that believes no signature alone, and all that takes a token back."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.oidc.exchange import CODE_AND_REFRESH, assert_refused, refresh, refreshed, revoke, tokens_for

OFFLINE = "openid profile offline_access"


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of our own: everyone is logged out here."""
    return new_module_center()


@pytest.fixture(scope="module")
def shop(center: Center) -> Site:
    """A site whose access tokens are JWTs for the API `orders`."""
    return center.add_site(
        access_token_format="jwt",
        audiences=("orders",),
        grant_types=CODE_AND_REFRESH,
        scopes=("offline_access",),
    )


@pytest.fixture(scope="module")
def orders(center: Center) -> Site:
    """The API that the tokens are for, which asks the center what they are worth."""
    return center.add_site("orders")


class Device:
    """A browser in which somebody is signed in, and what the shop holds of them."""

    def __init__(self, browser: Browser, shop: Site, person: Person, scope: str = "openid profile") -> None:
        self.browser, self.shop = browser, shop
        shop.sign_in(browser, person)
        self.tokens: dict[str, Any] = tokens_for(browser, shop, scope=scope)
        self.claims = jwt.decode(self.tokens["access_token"], options={"verify_signature": False})

    @property
    def token(self) -> str:
        return str(self.tokens["access_token"])


@pytest.fixture
def person(center: Center) -> Person:
    return center.add_person(roles=["buyer"])


@pytest.fixture
def sign_in(new_browser: Callable[[], Browser], shop: Site) -> Callable[..., Device]:
    """Sign somebody in on another device."""
    return lambda person, **more: Device(new_browser(), shop, person, **more)


def works(orders: Site, device: Device) -> bool:
    """Say whether the API would serve the token: by introspection and at /userinfo alike."""
    is_active = bool(orders.introspect(device.token)["active"])
    assert (device.shop.userinfo(device.token).status_code == 200) == is_active
    return is_active


def test_the_story_of_a_token(
    center: Center, orders: Site, person: Person, sign_in: Callable[..., Device]
) -> None:
    # Somebody signs in on a phone and on a desktop. The shop gets a JWT for each, and the API believes them.
    phone, desktop = sign_in(person), sign_in(person)
    told = orders.introspect(phone.token)
    assert (told["active"], told["sid"], told["jti"]) == (True, phone.claims["sid"], phone.claims["jti"])
    assert told["roles"] == ["buyer"]

    # The phone is signed out. Its token's signature is as good as ever, and it works nowhere, nor does what
    # else came of that session; the desktop goes on.
    page = phone.browser.get(center.url("/logout"))
    assert phone.browser.submit(page, "logout-confirm").status in (200, 303)
    assert [works(orders, phone), works(orders, desktop)] == [False, True]
    assert_refused(refresh(phone.shop, phone.tokens["refresh_token"]), 400, "invalid_grant")

    # The shop gives one token back, by its jti. Another of the same session lives.
    desktop.tokens = refreshed(desktop.shop, desktop.tokens["refresh_token"])
    again = refreshed(desktop.shop, desktop.tokens["refresh_token"])
    jti = jwt.decode(desktop.token, options={"verify_signature": False})["jti"]
    assert revoke(desktop.shop, desktop.token).status_code == 200
    assert not works(orders, desktop)
    desktop.tokens = again
    assert works(orders, desktop)
    # It is remembered for the rest of the token's life, and no longer.
    assert (
        0 < center.hot.kept(jti)["denied"] <= center.services.settings.access_token_lifetime * 1000 + 60_000
    )

    # The person loses the role: the token that says "buyer" dies, the session goes on and gives another.
    center.run("users", "set-roles", person.username)
    assert not works(orders, desktop)
    desktop.tokens = refreshed(desktop.shop, desktop.tokens["refresh_token"])
    assert orders.introspect(desktop.token).get("roles", []) == []

    # A new password ends all that was given under the old one.
    center.run("users", "set-password", person.username, "--password-stdin", stdin="another good password")
    assert not works(orders, desktop)
    assert_refused(refresh(desktop.shop, desktop.tokens["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("scope", ["user", "client", "role", "everyone"])
def test_a_cut_off_counts_from_its_reply_on_and_for_what_came_before(
    center: Center,
    shop: Site,
    orders: Site,
    person: Person,
    sign_in: Callable[..., Device],
    new_browser: Callable[[], Browser],
    scope: str,
) -> None:
    before, away = sign_in(person), sign_in(person, scope=OFFLINE)
    # An offline refresh token hangs on no session, and what it gives neither.
    away.tokens = refreshed(shop, away.tokens["refresh_token"])
    assert [works(orders, before), works(orders, away)] == [True, True]
    whom = {
        "user": ["--user", person.username],
        "client": ["--client", shop.client_id],
        "role": ["--role", "buyer"],
        "everyone": ["--everyone"],
    }[scope]
    assert center.run("logout", *whom).stdout.startswith("Logged out ")
    assert [works(orders, before), works(orders, away)] == [False, False]
    assert_refused(refresh(shop, away.tokens["refresh_token"]), 400, "invalid_grant")
    # What is issued from the reply on works, in the same second too.
    assert works(orders, sign_in(person))


def test_offline_access_is_withdrawn_for_a_client(
    center: Center, shop: Site, orders: Site, person: Person, sign_in: Callable[..., Device]
) -> None:
    device = sign_in(person, scope=OFFLINE)
    device.tokens = refreshed(shop, device.tokens["refresh_token"])
    assert center.services.revoker.revoke_offline(person.sub, shop.client_id, person.sub) == 1
    assert not works(orders, device)
    assert_refused(refresh(shop, device.tokens["refresh_token"]), 400, "invalid_grant")


def test_no_denied_token_stays_in_redis_for_ever(center: Center) -> None:
    found = json.loads(center.run("doctor", "--json", check=False).stdout)
    assert "every key has an expiry" in [one["text"] for one in found]
