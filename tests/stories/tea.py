"""A shop for browsers that calls an API with JWT access tokens: where two of the stories take place."""

import json
from dataclasses import dataclass
from typing import Any

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.stories.running import Subsystem, Town

MINUTE = 60
TOKEN_LIFETIME = 10 * MINUTE
BOUND = 30
"""Seconds after which an API that nobody told follows whatever was taken back."""


@dataclass(frozen=True)
class Tea:
    """A shop for browsers, the API that it gets orders from, and who works there."""

    town: Town
    shop: Subsystem
    orders: Subsystem

    @property
    def center(self) -> Center:
        """The center that both trust."""
        return self.town.center

    def sign_in(self, browser: Browser, person: Person) -> None:
        """Open the shop and type a name and a password at the center."""
        page = browser.log_in(self.shop.show(browser), person.username, person.password)
        assert browser.follow(page).url == self.shop.url + "/"

    def token_of(self, browser: Browser) -> tuple[str, dict[str, Any]]:
        """Return the access token that the shop holds for who sits at the browser, and its claims."""
        kept = json.loads(self.shop.show(browser, "/token").text)
        self.center.secrets.add(kept["access_token"])
        return kept["access_token"], kept["claims"]

    def is_in(self, browser: Browser) -> bool:
        """Whether the shop serves who sits at the browser without asking for a password."""
        return self.shop.show(browser).url == self.shop.url + "/"

    def opens(self, token: str) -> bool:
        """Whether the API lets a token in, once its bound has passed."""
        self.center.move_clock(BOUND)
        return self.orders.ask("/orders", token).status_code == 200


def open_tea(town: Town) -> Tea:
    """Register and start the shop and the API."""
    jwts = ("--access-token-format", "jwt", "--audience", "orders", "--scope", "orders:read")
    grants = ("--grant-type", "authorization_code", "--grant-type", "refresh_token")
    shop = town.open("shop", None, *jwts, *grants, keep_tokens=True, scope="openid profile orders:read")
    return Tea(town, shop, town.open("orders"))
