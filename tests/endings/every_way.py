"""Somebody with everything that a login can give, at two running sites with the SDK: what of it works."""

from dataclasses import dataclass
from typing import Any

import requests

from client_sdk.core.clock import Clock
from tests.client_sdk.sites import Times
from tests.client_sdk.test_tokens_of_a_real_center import RealSite
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.site import Attempt, SignedIn, Site
from tests.oidc.exchange import CODE_AND_REFRESH, refresh, tokens_for

BROWSER_BOUND = frozenset({"center", "cookie", "redis", "jwt", "access token", "refresh token"})
"""What hangs on the session of a browser."""

ALL = BROWSER_BOUND | {"app token"}
"""An app is a session of its own, so that what ends one browser leaves it alone."""

PATIENT = {"max_staleness": 3600.0, "session_lifetime": 90 * 86400.0}
"""Settings of sites that ask nobody for an hour: what they learn meanwhile they were told."""


class WallAhead(Times):
    """Clocks of sites that show the center's time, but on which no proof grows old when that is moved."""

    def __init__(self, center: Center) -> None:
        self.clock = Clock(wall=center.clock.now_ms, steady=Clock().steady)


@dataclass(frozen=True)
class Sites:
    """Where people sign in: two with the SDK, of which one is an API too, and three that only speak OIDC."""

    cookie: RealSite
    redis: RealSite
    plain: Site
    signed: Site
    app: Site

    def close(self) -> None:
        for site in (self.cookie, self.redis):
            site.close()


def sites_of(center: Center, *, store: str, told_at: str) -> Sites:
    """Register and run the sites; `store` is the Valkey of one, `told_at` the logout address of another."""
    times = WallAhead(center)
    redis = RealSite(center, times, {}, sessions=store, **PATIENT)
    return Sites(
        cookie=RealSite(center, times, {}, **PATIENT),
        redis=redis,
        plain=center.add_site(grant_types=CODE_AND_REFRESH, backchannel_logout_uri=told_at),
        signed=center.add_site(access_token_format="jwt", audiences=(redis.client_id,)),
        app=center.add_site(is_public=True, access_token_format="app", audiences=(redis.client_id,)),
    )


@dataclass(frozen=True)
class Scene:
    """A person, and what they and the sites hold since they signed in in one browser, and in an app."""

    center: Center
    sites: Sites
    person: Person
    browser: Browser
    at_plain: SignedIn
    tokens: dict[str, Any]
    jwt: str
    app_token: str
    code: str
    attempt: Attempt

    @property
    def sid(self) -> str:
        """Return the browser's session."""
        return self.at_plain.sid

    def works(self, browser: Browser, what: str) -> bool:
        """Say whether that is accepted where it belongs; `browser` has the cookies."""
        sites = self.sites
        if what == "center":
            return browser.get(self.center.url("/account")).status == 200
        if what == "cookie":
            return is_in(sites.cookie, browser)
        if what == "redis":
            return is_in(sites.redis, browser)
        if what == "jwt":
            return _is_let_in(sites.redis, self.jwt)
        if what == "app token":
            return bool(sites.redis.client.introspect(self.app_token)["active"])
        if what == "access token":
            return sites.plain.userinfo(self.at_plain.access_token).status_code == 200
        assert what == "refresh token"
        return refresh(sites.plain, self.tokens["refresh_token"]).status_code == 200

    def alive(self, browser: Browser) -> set[str]:
        """Return the names of all that works."""
        return {what for what in ALL if self.works(browser, what)}


def signed_in(center: Center, sites: Sites, browser: Browser, *, role: str) -> Scene:
    """Sign somebody in everywhere."""
    person = center.add_person(roles=[role])
    sites.cookie.log_in(browser, person, "/")
    sites.redis.log_in(browser, person, "/")
    at_plain = sites.plain.sign_in(browser)
    attempt = sites.plain.attempt()
    scene = Scene(
        center,
        sites,
        person,
        browser,
        at_plain,
        tokens_for(browser, sites.plain),
        tokens_for(browser, sites.signed)["access_token"],
        tokens_for(browser, sites.app, device_id=person.username)["access_token"],
        sites.plain.code_for(browser, attempt),
        attempt,
    )
    # The refresh token is not tried: that would be one use of it.
    assert {what for what in ALL - {"refresh token"} if scene.works(browser, what)} == ALL - {"refresh token"}
    return scene


def is_in(site: RealSite, browser: Browser) -> bool:
    """Say whether the local session at a site counts."""
    return as_program(site, browser).status == 200


def as_program(site: RealSite, browser: Browser) -> Page:
    """Ask a site for something as a script of its page does, which is sent to no login."""
    return browser.get(site.url + "/", headers={"Accept": "application/json"})


def _is_let_in(api: RealSite, token: str) -> bool:
    answer = requests.get(
        api.url + "/api", headers={"Authorization": f"Bearer {token}"}, timeout=60, allow_redirects=False
    )
    return answer.status_code == 200
