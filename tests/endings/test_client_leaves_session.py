"""Signing out of one site only: what it got no longer counts, it is told, and the session goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sso_center.base.actor import Actor
from sso_center.core.administration import OwnAccount
from sso_center.core.endings import Endings
from sso_center.core.reasons import Reason
from sso_center.core.tokens import Redeemed
from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.harness.core import Core
from tests.harness.receiver import Receiver
from tests.harness.site import Site


def leave(browser: Browser, site: Site) -> Page:
    page = browser.get(site.center.url("/account"))
    form = next(form for form in page.forms if form.action == f"/account/sites/{site.client_id}/leave")
    return browser.submit(page, form)


def test_a_client_leaves_a_session_and_the_others_stay_in_it(center: Center, browser: Browser) -> None:
    with Receiver() as receiver:
        shop = center.add_site(backchannel_logout_uri=receiver.uri)
        forum = center.add_site(backchannel_logout_uri=receiver.uri)
        at_shop = shop.sign_in(browser, center.add_person())
        at_forum = forum.sign_in(browser)
        attempt = shop.attempt()
        code = shop.code_for(browser, attempt)

        assert leave(browser, shop).location == center.url("/account")

        assert not shop.is_alive(at_shop.sid)
        assert shop.introspect(at_shop.access_token) == {"active": False}
        assert shop.userinfo(at_shop.access_token).status_code == 401
        assert shop.redeem(code, attempt).json()["error"] == "invalid_grant"
        (told,) = receiver.wait_for(1, sid=at_shop.sid)
        assert told.claims["aud"] == shop.client_id

        assert forum.is_alive(at_forum.sid)
        assert forum.introspect(at_forum.access_token)["active"]
        assert browser.get(center.url("/account")).status == 200


def test_a_site_that_is_opened_again_gets_new_tokens_and_the_old_stay_dead(
    center: Center, browser: Browser
) -> None:
    site = center.add_site()
    before = site.sign_in(browser, center.add_person())
    leave(browser, site)
    after = site.sign_in(browser)
    assert after.sid == before.sid
    assert site.is_alive(after.sid)
    assert site.introspect(after.access_token)["active"]
    assert site.introspect(before.access_token) == {"active": False}


def test_leaving_a_site_that_was_never_joined_changes_nothing(center: Center, browser: Browser) -> None:
    site, other = center.add_site(), center.add_site()
    given = site.sign_in(browser, center.add_person())
    token = browser.get(center.url("/account")).forms[0].values["csrf_token"]
    url = center.url(f"/account/sites/{other.client_id}/leave")
    assert browser.post(url, {"csrf_token": token}).location == center.url("/account")
    assert site.is_alive(given.sid)


def test_hosts_whose_clocks_differ_spoil_no_grant(center: Center, browser: Browser) -> None:
    site = center.add_site()
    site.sign_in(browser, center.add_person())
    # The next worker's clock is behind the one that let the site join.
    center.move_clock(-5)
    try:
        again = site.sign_in(browser)
        assert site.introspect(again.access_token)["active"]
    finally:
        center.move_clock(5)


@pytest.mark.parametrize("is_cut_off", [False, True], ids=["left", "client cut off"])
def test_a_store_restored_from_an_old_copy_lets_no_left_site_in(
    new_center: Callable[..., Center], browser: Browser, is_cut_off: bool
) -> None:
    center = new_center()
    site = center.add_site()
    given = site.sign_in(browser, center.add_person())
    bring_back = center.hot.copy(given.sid)
    if is_cut_off:
        list(center.services.mass_endings.end("client", site.client_id, Reason.ADMIN, "test"))
    else:
        leave(browser, site)
    # What an old copy would hold: the site still joined, the shard trusted by an earlier run.
    bring_back()
    center.hot.come_back(given.sid[:2])
    assert not site.is_alive(given.sid)
    assert site.introspect(given.access_token) == {"active": False}


@dataclass(frozen=True)
class Slow:
    """Endings that let something happen before a site leaves."""

    endings: Endings
    meanwhile: Callable[[], object]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.endings, name)

    def leave(self, sid: str, client_id: str, actor: str) -> int | None:
        self.meanwhile()
        return self.endings.leave(sid, client_id, actor)


@pytest.mark.parametrize("form", ["app", "offline"])
def test_a_code_that_is_redeemed_while_access_is_withdrawn_gives_nothing_that_lasts(
    core: Core, form: str
) -> None:
    lasting = {"grant_types": ("authorization_code", "refresh_token"), "scopes": ("offline_access",)}
    partner = core.site(is_third_party=True, **({"access_token_format": "app"} if form == "app" else lasting))
    scope = ("openid", "offline_access") if form == "offline" else ("openid",)
    user = core.person()
    core.services.users.grant_consent(user.sub, partner.client_id, scope)
    code = core.code(core.open(user).cookie, partner, scope=scope, needs_consent=True)
    given: list[Redeemed] = []
    slow: Any = Slow(core.services.endings, lambda: given.append(core.redeem(code, partner)))
    services = core.services
    own = OwnAccount(services.users, services.sessions, slow, services.revoker, services.audit)
    own.withdraw_access(Actor(user.sub), "", partner.client_id)
    (redeemed,) = given
    for token in filter(None, (redeemed.access_token, redeemed.refresh_token)):
        assert core.services.tokens.find_active(token) is None
