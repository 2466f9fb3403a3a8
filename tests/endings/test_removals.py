"""Removing clients and people: what they had ends with notices, whoever dies, and nothing of it revives."""

from contextlib import suppress

import pytest

from sso_center.base.actor import Actor
from sso_center.base.errors import NotFound, Unavailable
from sso_center.core.administration import Administration
from sso_center.core.clients import Client
from tests.endings.belongings import Belongings, Sites, belongings_of, sites_of
from tests.endings.conftest import Books, follow, job_runner_of, sign_in
from tests.endings.test_recovery import OldCopy
from tests.harness.core import SECOND, Core

BOSS = Actor("boss")


@pytest.fixture(scope="module")
def sites(core: Core) -> Sites:
    return sites_of(core)


@pytest.fixture
def acts(core: Core) -> Administration:
    core.time.move(SECOND)
    return core.services.administration


def walk(core: Core) -> None:
    follow(core)
    while job_runner_of(core).step(10.0):
        pass


def site_of(core: Core) -> Client:
    return core.site(backchannel_logout_uri="https://leaving.example/logout", id_token_alg="ES256")


# Clients


def test_a_removed_client_is_notified_of_its_sessions_which_stay_alive(
    core: Core, acts: Administration, books: Books, shop: Client
) -> None:
    site = site_of(core)
    held = [sign_in(core, site, shop) for _ in range(2)]
    token = core.token(held[0].cookie, site)
    entry = acts.clients.remove(BOSS, site.client_id)
    assert core.services.clients.find(site.client_id) is None
    assert core.services.tokens.find_active(token) is None
    walk(core)
    assert {row.sid for row in books.notices(client_id=site.client_id)} == {one.sid for one in held}
    assert [row.actor for row in books.audit(client_id=site.client_id, tag="admin:client:remove")] == ["boss"]
    assert (entry.reason, entry.actor) == ("removed", "boss")
    for one in held:
        assert core.is_alive(shop, one.sid)
        assert core.services.sessions.view(one.sid).client_ids == (shop.client_id,)  # type: ignore[union-attr]


def test_notices_to_a_removed_client_are_delivered_where_it_was(core: Core, acts: Administration) -> None:
    site = site_of(core)
    entry = acts.clients.remove(BOSS, site.client_id)
    told = core.services.clients.find_notifiable(site.client_id, entry.number)
    assert told is not None
    assert told.backchannel_logout_uri == site.backchannel_logout_uri
    assert told.id_token_alg == "ES256"
    # Who is registered under its id since hears of what came since, and of nothing before.
    core.services.clients.add(
        site.client_id,
        redirect_uris=("https://new.example/cb",),
        backchannel_logout_uri="https://new.example/logout",
    )
    for number, address in ((entry.number, site.backchannel_logout_uri), (entry.number + 1, _NEW)):
        found = core.services.clients.find_notifiable(site.client_id, number)
        assert found is not None
        assert found.backchannel_logout_uri == address


_NEW = "https://new.example/logout"


def test_a_removal_interrupted_by_a_crash_is_finished(core: Core, acts: Administration, books: Books) -> None:
    site = core.site(is_third_party=True, backchannel_logout_uri="https://leaving.example/logout")
    held = sign_in(core, site)
    core.services.users.grant_consent(held.user.sub, site.client_id, ("openid",))
    core.services.clients.remove(site.client_id, "boss")
    assert books.journal(client_id=site.client_id) == []
    assert acts.clients.finish_removals() == 1
    assert acts.clients.finish_removals() == 0
    assert core.services.users.get(held.user.sub).consents == ()
    walk(core)
    (cut_off,) = books.journal(client_id=site.client_id)
    assert (cut_off.kind, cut_off.reason, cut_off.actor) == ("cutoff", "removed", "boss")
    assert [row.sid for row in books.notices(client_id=site.client_id)] == [held.sid]


def test_tokens_of_a_removed_client_do_not_count_for_the_next_client_with_its_id(
    core: Core, acts: Administration
) -> None:
    site = core.site()
    held = sign_in(core)
    token = core.token(held.cookie, site)
    acts.clients.remove(BOSS, site.client_id)
    core.services.clients.add(site.client_id, redirect_uris=("https://shop.example/callback",))
    assert core.services.tokens.find_active(token) is None


def test_an_unknown_client_is_not_removed(acts: Administration) -> None:
    with pytest.raises(NotFound):
        acts.clients.remove(BOSS, "nobody")


# People


def test_no_token_of_a_removed_person_counts_and_every_site_is_notified(
    core: Core, acts: Administration, books: Books, shop: Client, sites: Sites
) -> None:
    belongings = belongings_of(core, sites, core.person("buyer"))
    core.code(belongings.held["session"], shop)
    username = belongings.user.username
    removed = acts.users.remove(BOSS, belongings.user.sub)
    assert removed.username == username
    assert belongings.alive() == frozenset()
    assert books.told(sub=belongings.user.sub, sid=belongings.sid) == [shop.client_id]
    endings = books.journal(sub=belongings.user.sub, kind="ending")
    assert {(row.reason, row.actor) for row in endings} == {("removed", "boss")}
    assert len(endings) == 2, "the browser's and the app's"
    with pytest.raises(NotFound):
        core.services.users.get(belongings.user.sub)
    (audited,) = books.audit(sub=belongings.user.sub, tag="admin:user:remove")
    assert (audited.actor, audited.detail) == ("boss", {"username": username})
    assert books.audit(sub=belongings.user.sub, tag="center:session:end")


def test_the_name_of_a_removed_person_may_be_used_again_by_another(core: Core, acts: Administration) -> None:
    user = core.person()
    cookie = core.open(user).cookie
    acts.users.remove(BOSS, user.sub)
    other = core.services.users.add(user.username)
    assert other.sub != user.sub
    assert core.services.sessions.visit(cookie).session is None
    assert core.services.sessions.of_user(other.sub) == []


def test_a_copy_of_the_account_that_is_written_late_brings_nobody_back(
    core: Core, acts: Administration, sites: Sites
) -> None:
    belongings = belongings_of(core, sites, core.person())
    read_before = core.services.users.get(belongings.user.sub)
    acts.users.remove(BOSS, belongings.user.sub)
    core.services.users.write_through(read_before)
    follow(core)
    core.services.users.write_through(read_before)
    assert belongings.alive() == frozenset()


def test_a_removed_person_stays_removed_in_a_store_that_came_back(
    core: Core, acts: Administration, sites: Sites
) -> None:
    belongings = belongings_of(core, sites, core.person())
    read_before = core.services.users.get(belongings.user.sub)
    copy = OldCopy(core, belongings.user.shard)
    acts.users.remove(BOSS, belongings.user.sub)
    copy.put_back()
    assert belongings.alive() == frozenset()
    core.services.users.write_through(read_before)
    assert belongings.alive() == frozenset()


def test_a_person_removed_by_one_who_died_is_out_and_their_sites_are_told(
    core: Core, acts: Administration, books: Books, shop: Client
) -> None:
    held = sign_in(core, shop)
    core.services.users.remove(held.user.sub, "boss")
    assert core.services.sessions.visit(held.cookie).session is None
    follow(core)
    assert books.told(sid=held.sid) == [shop.client_id]
    (ending,) = books.journal(sid=held.sid)
    (cause,) = books.journal(sub=held.user.sub, kind="user")
    assert (ending.reason, ending.actor, ending.cause) == ("removed", "boss", cause.number)


def test_nobody_is_removed_while_it_can_not_be_recorded(
    core: Core, acts: Administration, books: Books
) -> None:
    held = sign_in(core)
    with books.away(), suppress(Unavailable):
        acts.users.remove(BOSS, held.user.sub)
    assert core.services.users.get(held.user.sub).username == held.user.username
    assert core.services.sessions.visit(held.cookie).session is not None


def test_a_disabled_person_is_out_and_their_sites_have_notices_at_once(
    core: Core, acts: Administration, books: Books, shop: Client
) -> None:
    held = sign_in(core, shop)
    acts.users.disable(BOSS, held.user.sub)
    assert core.services.sessions.visit(held.cookie).session is None
    assert books.told(sid=held.sid) == [shop.client_id]
    assert [row.actor for row in books.audit(sub=held.user.sub, tag="admin:user:disable")] == ["boss"]


def test_belongings_are_alive_before(core: Core, sites: Sites) -> None:
    belongings: Belongings = belongings_of(core, sites, core.person())
    assert belongings.alive() == belongings.held.keys()
