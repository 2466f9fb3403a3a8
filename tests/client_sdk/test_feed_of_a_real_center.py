"""Sites that follow a real center: what it takes back is over there at once, and outages pass unnoticed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from client_sdk.core.site import Site
from sso_center.core.cutoffs import Scope
from sso_center.core.reasons import Reason
from sso_center.services import Services
from tests.client_sdk.real_sites import CenterTimes, RealSite
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.waiting import eventually

# Nothing but the feed tells these sites of endings.
UNTOLD = {"backchannel_logout_uri": ""}


@pytest.fixture(scope="module")
def real_center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center()


@pytest.fixture
def times(real_center: Center) -> CenterTimes:
    return CenterTimes(real_center)


class Following:
    """A site that follows; `asked` are the sids of all questions it sent."""

    def __init__(self, center: Center, times: CenterTimes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site = RealSite(center, times, UNTOLD, follow=True, transport=None)
        self.sdk: Site = self.site.app.extensions["sso"]
        self.asked: list[str] = []
        ask = self.sdk._asker._send

        def noted(sids: Sequence[str]) -> Mapping[str, bool]:
            self.asked.extend(sids)
            return ask(sids)

        monkeypatch.setattr(self.sdk._asker, "_send", noted)
        self.site.app.test_client().get("/public")
        eventually(lambda: self.sdk._view.fresh_as_of)
        eventually(lambda: self.sdk._follower._listener._stream)

    def caught_up(self) -> None:
        now = self.sdk._clock.steady()
        self.sdk._follower.poll_soon()
        eventually(lambda: (self.sdk._view.fresh_as_of or 0) >= now)

    def is_in(self, browser: Browser) -> bool:
        return browser.get(self.site.url + "/public").text != "nobody"


@pytest.fixture
def shop(real_center: Center, times: CenterTimes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Following]:
    following = Following(real_center, times, monkeypatch)
    yield following
    following.site.close()


@pytest.fixture
def someone(real_center: Center) -> Person:
    return real_center.add_person(roles=("staff",))


def _cut_off(scope: Scope, name: Callable[[Person, str], str]) -> Callable[..., Any]:
    return lambda services, person, _, client_id: services.mass_endings.cut_off(
        scope, name(person, client_id), Reason.ADMIN, "cli"
    )


WAYS: dict[str, Callable[[Services, Person, str, str], Any]] = {
    "session": lambda services, _, sid, __: services.endings.end_session(sid, Reason.ADMIN, "cli"),
    "user": _cut_off("user", lambda person, _: person.sub),
    "role": _cut_off("role", lambda *_: "staff"),
    "client": _cut_off("client", lambda _, client_id: client_id),
    "everyone": _cut_off("everyone", lambda *_: ""),
    "disabled": lambda services, person, *_: services.users.set_disabled(person.sub, True),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_kind_of_ending_is_over_at_the_site(
    shop: Following, real_center: Center, browser: Browser, someone: Person, way: str
) -> None:
    sid = json.loads(shop.site.log_in(browser, someone, "/").text)["sid"]
    shop.caught_up()
    assert shop.is_in(browser)
    assert not shop.asked
    WAYS[way](real_center.services, someone, sid, shop.site.client_id)
    eventually(lambda: not shop.is_in(browser))


def test_a_followed_session_is_not_asked_about_and_survives_a_restart_of_the_center(
    shop: Following, real_center: Center, times: CenterTimes, browser: Browser, someone: Person
) -> None:
    shop.site.log_in(browser, someone, "/")
    for _ in range(4):
        times.move(9)
        shop.caught_up()
        assert shop.is_in(browser)
    real_center.stop()
    for _ in range(9):
        times.move(1)
        assert shop.is_in(browser)
    real_center.start()
    shop.caught_up()
    assert shop.is_in(browser)
    assert not shop.asked
    real_center.services.mass_endings.cut_off("user", someone.sub, Reason.ADMIN, "cli")
    eventually(lambda: not shop.is_in(browser))


def test_a_change_of_roles_is_asked_about_once(
    shop: Following, real_center: Center, browser: Browser, someone: Person
) -> None:
    shop.site.log_in(browser, someone, "/")
    real_center.services.users.update(someone.sub, roles=("other",))
    shop.caught_up()
    assert shop.is_in(browser)
    assert len(shop.asked) <= 1
