"""Waiting for what a site hears in the background."""

from client_sdk.core.site import Site
from tests.client_sdk.sites import RunningSite
from tests.harness.browser import Browser
from tests.harness.waiting import eventually


def sdk_of(site: RunningSite) -> Site:
    """Return what the adapter made."""
    sdk: Site = site.app.extensions["sso"]
    return sdk


def followed(site: RunningSite) -> RunningSite:
    """Wait until a site knows where the feed is."""
    site.app.test_client().get("/public")
    caught_up(site)
    return site


def caught_up(site: RunningSite) -> None:
    """Have the site ask for news, and wait until it has taken in what was recorded before now."""
    sdk, now = sdk_of(site), sdk_of(site)._clock.steady()
    sdk._follower.poll_soon()
    eventually(lambda: (sdk._view.fresh_as_of or 0) >= now)


def listens(site: RunningSite) -> None:
    """Wait until the site holds a stream open."""
    eventually(lambda: sdk_of(site)._follower._listener._stream is not None)


def is_in(site: RunningSite, browser: Browser) -> bool:
    """Say whether somebody is signed in."""
    return browser.get(site.url + "/public").text != "nobody"
