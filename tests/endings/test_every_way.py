"""Every way of ending is the same ending: nothing of it counts, every site knows, and it is recorded once.

The table in docs/endings.md, row by row. The sites ask nobody for an hour: what they refuse they were told.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from sso_center.base.actor import Actor
from sso_center.core.cutoffs import Scope
from sso_center.core.notices import EndingFilter, EndingSummary
from sso_center.core.reasons import Reason
from sso_center.storage.schema import audit
from tests.client_sdk.test_tokens_of_a_real_center import RealSite
from tests.endings.every_way import (
    ALL,
    BROWSER_BOUND,
    PATIENT,
    Scene,
    Sites,
    WallAhead,
    is_in,
    signed_in,
    sites_of,
)
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

HOUR = 3600
MOST = 4
"""Sessions that a person may have at this center."""


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center(settings={"SSO_SESSIONS_PER_USER": str(MOST)})


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("sessions")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sites(center: Center, receiver: Receiver, store: ValkeyServer) -> Iterator[Sites]:
    sites = sites_of(center, store=store.url, told_at=receiver.uri)
    yield sites
    sites.close()


@pytest.fixture
def scene(center: Center, sites: Sites, browser: Browser) -> Scene:
    return signed_in(center, sites, browser, role=f"role-{secrets.token_hex(4)}")


# The ways


def sign_out_at_the_center(scene: Scene) -> None:
    page = scene.browser.get(scene.center.url("/logout"))
    assert scene.browser.submit(page, "logout-confirm").status == 200


def sign_out_everywhere_at_the_center(scene: Scene) -> None:
    page = scene.browser.get(scene.center.url("/logout"))
    assert scene.browser.submit(page, "logout-confirm", scope="everywhere").status == 200


def sign_out_at_a_site(scene: Scene) -> None:
    url = f"{scene.center.url('/logout')}?id_token_hint={scene.at_plain.id_token}"
    assert scene.browser.get(url).status == 200


def end_it_by_command(scene: Scene) -> None:
    scene.center.run("sessions", "end", scene.sid)


def change_the_password(scene: Scene) -> None:
    scene.center.services.users.set_password(scene.person.sub, "another good password")


def disable_the_account(scene: Scene) -> None:
    scene.center.services.administration.users.disable(Actor("cli"), scene.person.sub)


def remove_the_account(scene: Scene) -> None:
    scene.center.services.administration.users.remove(Actor("cli"), scene.person.sub)


def lie_idle(scene: Scene) -> None:
    scene.center.move_clock(2 * HOUR + 1)


def grow_too_old(scene: Scene) -> None:
    for _ in range(11):
        scene.center.move_clock(HOUR)
        assert scene.browser.get(scene.center.url("/account")).status == 200
    scene.center.move_clock(HOUR + 1)


def be_one_too_many(scene: Scene) -> None:
    scene.center.move_clock(61)
    # Everything else of the person was used later than this browser.
    scene.sites.redis.client.introspect(scene.app_token)
    for _ in range(MOST - 1):
        other = Browser()
        scene.sites.plain.sign_in(other, scene.person)
        other.close()


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
    page = scene.browser.get(scene.sites.plain.attempt(prompt="login").url)
    page = scene.browser.follow(page)
    scene.browser.log_in(page, other.username, other.password)


def cut_off(scope: Scope, name: Callable[[Scene], str]) -> Callable[[Scene], None]:
    def end(scene: Scene) -> None:
        scene.center.services.mass_endings.cut_off(scope, name(scene), Reason.ADMIN, "cli")

    end.__name__ = f"cut_off_{scope}"
    return end


@dataclass(frozen=True)
class Row:
    """One row of the table: a way of ending, why the audit log says it was, and what has ended by it."""

    way: Callable[[Scene], None]
    reason: Reason
    ended: frozenset[str] = BROWSER_BOUND

    @property
    def name(self) -> str:
        return self.way.__name__


ROWS = (
    Row(sign_out_at_the_center, Reason.LOGOUT),
    Row(sign_out_everywhere_at_the_center, Reason.LOGOUT, ALL),
    Row(sign_out_at_a_site, Reason.LOGOUT),
    Row(end_it_by_command, Reason.ADMIN),
    Row(change_the_password, Reason.PASSWORD_CHANGE, ALL),
    Row(disable_the_account, Reason.DISABLED, ALL),
    Row(remove_the_account, Reason.REMOVED, ALL),
    Row(lie_idle, Reason.EXPIRED),
    Row(grow_too_old, Reason.EXPIRED),
    Row(be_one_too_many, Reason.EVICTED),
    Row(copy_the_cookie, Reason.REUSE),
    Row(sign_in_as_another, Reason.REPLACED),
    Row(cut_off("user", lambda scene: scene.person.sub), Reason.ADMIN, ALL),
    Row(cut_off("role", lambda scene: scene.person.roles[0]), Reason.ADMIN, ALL),
    Row(cut_off("everyone", lambda scene: ""), Reason.ADMIN, ALL),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_token_of_an_ended_session_counts_and_every_site_is_notified(
    scene: Scene, receiver: Receiver, row: Row
) -> None:
    cookies = scene.browser.twin()

    row.way(scene)

    # The center's own answers, at once.
    plain = scene.sites.plain
    assert not plain.is_alive(scene.sid)
    assert plain.introspect(scene.at_plain.access_token) == {"active": False}
    assert plain.userinfo(scene.at_plain.access_token).status_code == 401
    assert plain.redeem(scene.code, scene.attempt).status_code == 400
    assert scene.sites.redis.client.introspect(scene.jwt) == {"active": False}
    for path in ("/account", plain.attempt().url.removeprefix(scene.center.issuer)):
        page = cookies.get(scene.center.url(path))
        assert page.status in (302, 303)
        assert "/login" in page.location

    # One record of it, and a receipt of every site.
    ending = eventually(lambda: confirmed(scene), what="receipts of all sites")
    assert ending.reason == row.reason
    assert ending.counts.total == 3
    assert receiver.wait_for(1, sid=scene.sid)[0].claims["sub"] == scene.person.sub
    assert audited(scene.center, scene.sid) == 1

    # Everything that the person and the sites held: refused by whoever they show it to.
    assert scene.alive(cookies) == ALL - row.ended
    cookies.close()


def confirmed(scene: Scene) -> EndingSummary | None:
    """Return the one ending of the session, once every site has confirmed it."""
    found = scene.center.services.receipts.endings(EndingFilter(sid=scene.sid))
    if not found:
        return None
    (ending,) = found
    return ending if ending.counts.total and ending.counts.confirmed == ending.counts.total else None


def audited(center: Center, sid: str) -> int:
    wanted = select(audit.c.id).where(audit.c.sid == sid, audit.c.tag == "center:session:end")
    with center.services.database.read() as connection:
        return len(connection.execute(wanted).all())


# Of one site


def remove_the_client(center: Center, client_id: str) -> None:
    center.services.administration.clients.remove(Actor("cli"), client_id)


def cut_off_the_client(center: Center, client_id: str) -> None:
    center.services.mass_endings.cut_off("client", client_id, Reason.ADMIN, "cli")


@pytest.mark.parametrize("kind", ["cookie", "redis"])
@pytest.mark.parametrize(
    ("way", "reason"), [(remove_the_client, Reason.REMOVED), (cut_off_the_client, Reason.ADMIN)]
)
def test_a_site_alone_that_is_removed_or_cut_off_is_left_by_everybody_who_stays_signed_in(
    scene: Scene, store: ValkeyServer, way: Callable[[Center, str], None], reason: Reason, kind: str
) -> None:
    center, browser = scene.center, scene.browser
    sessions = "cookie" if kind == "cookie" else store.url
    site = RealSite(center, WallAhead(center), {}, sessions=sessions, **PATIENT)
    try:
        site.log_in(browser, scene.person, "/")
        token = tokens_of(site, browser)
        assert is_in(site, browser)
        way(center, site.client_id)

        assert scene.sites.plain.introspect(token) == {"active": False}
        ending = eventually(lambda: taken_out(center, site), what="the receipt of the site")
        assert (ending.reason, ending.actor) == (reason, "cli")
        assert not is_in(site, browser)
        assert scene.alive(browser) == ALL
    finally:
        site.close()


def tokens_of(site: RealSite, browser: Browser) -> str:
    attempt = site.client.attempt()
    tokens = site.client.redeem(site.client.code_for(browser, attempt), attempt).json()
    site.client.center.secrets |= {tokens["access_token"]}
    return str(tokens["access_token"])


def taken_out(center: Center, site: RealSite) -> EndingSummary | None:
    for ending in center.services.receipts.endings(EndingFilter(client_id=site.client_id)):
        if ending.kind == "cutoff" and ending.counts.confirmed == 1:
            return ending
    return None


@pytest.mark.parametrize("kind", ["cookie", "redis"])
def test_a_site_alone_that_a_person_signs_out_of_is_left(scene: Scene, kind: str) -> None:
    site = getattr(scene.sites, kind)
    number = scene.center.services.endings.leave(scene.sid, site.client_id, scene.person.sub)
    receipts = scene.center.services.receipts
    eventually(lambda: receipts.find(number).counts.confirmed == 1, what="the receipt")
    assert scene.alive(scene.browser) == ALL - {kind}
