"""Every way a session ends is the same ending: nothing of it counts, every site is told, it is recorded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from sso_center.core.endings import Reason
from sso_center.storage.schema import audit, journal, notices
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually

HOUR, DAY = 3600, 86400


@dataclass
class Scene:
    """Somebody signed in at two sites in one browser."""

    center: Center
    person: Person
    browser: Browser
    shop: Site
    forum: Site
    at_shop: SignedIn
    at_forum: SignedIn

    @property
    def sid(self) -> str:
        return self.at_shop.sid


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture(scope="module")
def sites(center: Center, receiver: Receiver) -> tuple[Site, Site]:
    return (
        center.add_site(backchannel_logout_uri=receiver.uri),
        center.add_site(backchannel_logout_uri=receiver.uri + "?site=forum"),
    )


@pytest.fixture
def scene(center: Center, sites: tuple[Site, Site], browser: Browser) -> Scene:
    person, (shop, forum) = center.add_person(), sites
    at_shop = shop.sign_in(browser, person)
    at_forum = forum.sign_in(browser)
    return Scene(center, person, browser, shop, forum, at_shop, at_forum)


def sign_out_at_the_center(scene: Scene) -> None:
    page = scene.browser.get(scene.center.url("/logout"))
    assert scene.browser.submit(page, "logout-confirm").status in (200, 303)


def sign_out_at_a_site(scene: Scene) -> None:
    url = f"{scene.center.url('/logout')}?id_token_hint={scene.at_shop.id_token}"
    assert scene.browser.get(url).status in (200, 302, 303)


def end_it_as_an_admin(scene: Scene) -> None:
    assert scene.center.services.endings.end_session(scene.sid, Reason.ADMIN, "cli") is not None


def log_out_the_user(scene: Scene) -> None:
    # How many it ended itself depends on whether the courier was quicker.
    scene.center.services.mass_endings.end_user(scene.person.sub, Reason.ADMIN, "cli")


def log_out_everyone(scene: Scene) -> None:
    list(scene.center.services.mass_endings.end("everyone", "", Reason.ADMIN, "cli"))


def change_the_password(scene: Scene) -> None:
    scene.center.services.users.set_password(scene.person.sub, "another good password")


def disable_the_account(scene: Scene) -> None:
    scene.center.services.users.set_disabled(scene.person.sub, True)


def lie_idle(scene: Scene) -> None:
    scene.center.move_clock(2 * HOUR + 1)


def grow_too_old(scene: Scene) -> None:
    for _ in range(11):
        scene.center.move_clock(HOUR)
        assert scene.browser.get(scene.center.url("/account")).status == 200
    scene.center.move_clock(HOUR + 1)


def copy_the_cookie(scene: Scene) -> None:
    thief = scene.browser.twin()
    scene.center.move_clock(2 * HOUR - 60)
    scene.browser.get(scene.center.url("/account"))
    scene.center.move_clock(60)
    for _ in range(2):
        scene.browser.get(scene.center.url("/account"))
    scene.center.move_clock(61)
    thief.get(scene.center.url("/account"))
    thief.close()


def sign_in_as_another(scene: Scene) -> None:
    other = scene.center.add_person()
    page = scene.browser.get(scene.shop.attempt(prompt="login").url)
    page = scene.browser.follow(page)
    scene.browser.log_in(page, other.username, other.password)


WAYS = {
    sign_out_at_the_center: Reason.LOGOUT,
    sign_out_at_a_site: Reason.LOGOUT,
    end_it_as_an_admin: Reason.ADMIN,
    log_out_the_user: Reason.ADMIN,
    log_out_everyone: Reason.ADMIN,
    change_the_password: Reason.PASSWORD_CHANGE,
    disable_the_account: Reason.DISABLED,
    lie_idle: Reason.EXPIRED,
    grow_too_old: Reason.EXPIRED,
    copy_the_cookie: Reason.REUSE,
    sign_in_as_another: Reason.REPLACED,
}


@pytest.mark.parametrize("end", WAYS, ids=lambda way: way.__name__)
def test_nothing_of_an_ended_session_counts_and_every_site_is_told(
    scene: Scene, receiver: Receiver, end: Callable[[Scene], None]
) -> None:
    old_cookies = scene.browser.twin()
    fresh_code, attempt = _code(scene)

    end(scene)

    # The center's own answers, at once.
    assert not scene.shop.is_alive(scene.sid)
    assert not scene.forum.is_alive(scene.sid)
    assert scene.shop.introspect(scene.at_shop.access_token) == {"active": False}
    assert scene.forum.userinfo(scene.at_forum.access_token).status_code == 401
    assert scene.shop.redeem(fresh_code, attempt).status_code == 400
    for path in ("/account", scene.shop.attempt().url.removeprefix(scene.center.issuer)):
        page = old_cookies.get(scene.center.url(path))
        assert page.status in (302, 303)
        assert "/login" in page.location
    old_cookies.close()

    # Every participant, with the session's name.
    told = receiver.wait_for(2, sid=scene.sid)
    assert {one.claims["aud"] for one in told} == {scene.shop.client_id, scene.forum.client_id}
    assert {one.claims["sub"] for one in told} == {scene.person.sub}

    # One record of it.
    with scene.center.services.database.read() as connection:
        entries = connection.execute(select(journal).where(journal.c.sid == scene.sid)).all()
        entry = entries[0]
        audited = connection.execute(
            select(audit).where(audit.c.sid == scene.sid, audit.c.tag == "center:session:end")
        ).all()
    assert [one.reason for one in entries] == [WAYS[end]]
    assert len(audited) == 1

    def receipts() -> list[str]:
        with scene.center.services.database.read() as connection:
            wanted = select(notices.c.state).where(notices.c.number == entry.number)
            return list(connection.scalars(wanted))

    eventually(lambda: receipts() == ["confirmed", "confirmed"], within=20, what="two receipts")


def _code(scene: Scene):  # type: ignore[no-untyped-def]
    attempt = scene.shop.attempt()
    return scene.shop.code_for(scene.browser, attempt), attempt
