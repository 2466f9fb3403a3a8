"""How far a person signs out: of one site, of this browser, or everywhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually
from tests.oidc.conftest import AFTER_LOGOUT
from tests.oidc.exchange import CODE_AND_REFRESH, assert_refused, refresh, tokens_for


@dataclass(frozen=True)
class Scene:
    """Somebody signed in at two sites in one browser, and at one of them on another device."""

    center: Center
    browser: Browser
    other: Browser
    shop: Site
    forum: Site
    here: SignedIn
    at_forum: SignedIn
    there: SignedIn

    def alive(self) -> set[str]:
        return {
            name
            for name, site, one in (
                ("here", self.shop, self.here),
                ("forum", self.forum, self.at_forum),
                ("there", self.shop, self.there),
            )
            if site.is_alive(one.sid)
        }

    def ask(self) -> Page:
        """Open the page that the shop sends the browser to, without a proof."""
        return self.browser.get(
            self.center.url("/logout"),
            params={"client_id": self.shop.client_id, "post_logout_redirect_uri": AFTER_LOGOUT},
        )


@pytest.fixture(scope="module")
def listening() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def sites(center: Center, listening: Receiver) -> tuple[Site, Site]:
    about = {"backchannel_logout_uri": listening.uri, "post_logout_redirect_uris": (AFTER_LOGOUT,)}
    return center.add_site(name="The Shop", **about), center.add_site(**about)


@pytest.fixture
def scene(center: Center, sites: tuple[Site, Site], new_browser: Callable[[], Browser]) -> Scene:
    (shop, forum), person = sites, center.add_person()
    browser, other = new_browser(), new_browser()
    here = shop.sign_in(browser, person)
    return Scene(
        center, browser, other, shop, forum, here, forum.sign_in(browser), shop.sign_in(other, person)
    )


def told(listening: Receiver, scene: Scene, count: int) -> set[tuple[str, str]]:
    """Return who was told of which of the scene's sessions, once there are so many."""
    sids = {scene.here.sid: "here", scene.there.sid: "there"}

    def found() -> set[tuple[str, str]]:
        claims = [one.claims for one in listening.deliveries]
        return {(one["aud"], sids[one["sid"]]) for one in claims if one["sid"] in sids}

    eventually(lambda: len(found()) >= count, what=f"{count} notices")
    return found()


def test_the_page_asks_how_far_and_means_this_browser_unless_told_otherwise(
    scene: Scene, listening: Receiver
) -> None:
    page = scene.ask()
    assert {"scope-site", "scope-browser", "scope-everywhere"} <= page.form("logout-confirm").names
    assert "Only at The Shop" in page.text
    assert scene.browser.submit(page, "logout-confirm").location == AFTER_LOGOUT
    assert scene.alive() == {"there"}
    assert told(listening, scene, 2) == {(scene.shop.client_id, "here"), (scene.forum.client_id, "here")}


def test_only_the_site_is_left_when_the_person_says_so(scene: Scene, listening: Receiver) -> None:
    done = scene.browser.submit(scene.ask(), "logout-confirm", scope="site")
    assert done.location == AFTER_LOGOUT
    assert scene.alive() == {"forum", "there"}
    assert scene.browser.get(scene.center.url("/account")).status == 200
    assert told(listening, scene, 1) == {(scene.shop.client_id, "here")}


def test_everywhere_is_every_browser_and_device(scene: Scene, listening: Receiver) -> None:
    done = scene.browser.submit(scene.ask(), "logout-confirm", scope="everywhere")
    assert done.location == AFTER_LOGOUT
    assert scene.alive() == set()
    for browser in (scene.browser, scene.other):
        assert "/login" in browser.get(scene.center.url("/account")).location
    assert told(listening, scene, 3) == {
        (scene.shop.client_id, "here"),
        (scene.forum.client_id, "here"),
        (scene.shop.client_id, "there"),
    }


def test_the_account_page_signs_out_everywhere_here_too(scene: Scene) -> None:
    page = scene.browser.get(scene.center.url("/account"))
    done = scene.browser.submit(page, "logout-everywhere")
    assert "all your other devices" in done.text
    assert scene.alive() == set()


def test_a_site_that_is_not_in_the_session_is_not_offered_alone(center: Center, scene: Scene) -> None:
    stranger = center.add_site()
    page = scene.browser.get(center.url("/logout"), params={"client_id": stranger.client_id})
    assert "scope-site" not in page.form("logout-confirm").names
    scene.browser.submit(page, "logout-confirm", scope="site")
    assert scene.alive() == {"here", "forum", "there"}


def test_a_site_can_not_choose_how_far_by_itself(scene: Scene) -> None:
    page = scene.browser.get(
        scene.center.url("/logout"), params={"id_token_hint": scene.here.id_token, "scope": "everywhere"}
    )
    assert page.status == 200
    assert scene.alive() == {"there"}


def test_a_scope_that_nobody_knows_is_this_browser(scene: Scene) -> None:
    scene.browser.submit(scene.ask(), "logout-confirm", scope="galaxy")
    assert scene.alive() == {"there"}


def test_everywhere_takes_back_what_outlives_sessions_too(
    center: Center, new_browser: Callable[[], Browser]
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access",))
    browser = new_browser()
    site.sign_in(browser, center.add_person())
    tokens = tokens_for(browser, site, scope="openid offline_access")
    browser.submit(browser.get(center.url("/logout")), "logout-confirm", scope="everywhere")
    assert_refused(refresh(site, tokens["refresh_token"]), 400, "invalid_grant")
