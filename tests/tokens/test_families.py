"""Families in the core's own records: what is found of them, taken back at once, and cleared away."""

import pytest

from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.upkeep import IndexCleanup
from sso_center.core.users import User
from tests.harness.core import DAY, SECOND, Core
from tests.tokens.conftest import REFRESHING, Holder

OFFLINE = ("openid", "offline_access")


@pytest.fixture
def user(core: Core) -> User:
    return core.person()


@pytest.fixture
def client(core: Core) -> Client:
    return core.site(
        grant_types=REFRESHING, scopes=("offline_access",), refresh_token_lifetime=10 * DAY // SECOND
    )


def login(core: Core, user: User, client: Client, scope: tuple[str, ...]) -> Holder:
    first = core.redeem(core.code(core.open(user).cookie, client, scope=scope), client)
    assert first.refresh_token is not None
    return Holder(core, user, client, first, first.refresh_token)


def is_dead(holder: Holder) -> bool:
    with pytest.raises(GrantRefused):
        holder.refresh()
    return not holder.counts(holder.refresh_token)


def test_a_clients_offline_access_is_listed_and_revoked(core: Core, user: User, client: Client) -> None:
    offline, again = (login(core, user, client, OFFLINE) for _ in range(2))
    bound = login(core, user, client, ("openid",))
    elsewhere = login(core, user, core.site(grant_types=REFRESHING, scopes=("offline_access",)), OFFLINE)
    told = offline.refresh()
    listed = core.services.tokens.offline_of(user.sub)
    assert sorted(one.client_id for one in listed) == sorted(
        [client.client_id, client.client_id, elsewhere.client.client_id]
    )
    assert {one.until for one in listed if one.client_id == client.client_id} == {core.time.now + 10 * DAY}

    assert core.services.revoker.revoke_offline(user.sub, client.client_id, user.sub) == 2
    assert is_dead(offline)
    assert is_dead(again)
    assert not offline.counts(told.access_token)
    assert bound.refresh()
    assert elsewhere.refresh()
    assert [one.client_id for one in core.services.tokens.offline_of(user.sub)] == [
        elsewhere.client.client_id
    ]


def test_the_replay_of_a_code_names_the_person_although_the_session_is_gone(
    core: Core, user: User, client: Client
) -> None:
    opened = core.open(user)
    code = core.code(opened.cookie, client, scope=OFFLINE)
    holder = Holder(core, user, client, first := core.redeem(code, client), first.refresh_token or "")
    core.services.endings.end_session(opened.session.sid, Reason.LOGOUT, CENTER)
    assert holder.refresh()
    with pytest.raises(Replayed) as replayed:
        core.redeem(code, client)
    assert (replayed.value.sub, replayed.value.sid) == (user.sub, None)
    core.services.revoker.revoke_family(
        replayed.value.family, sub=user.sub, client_id=client.client_id, reason=Reason.REPLAY
    )
    assert is_dead(holder)
    with pytest.raises(GrantRefused) as refused:
        core.redeem(code, client)
    assert refused.value.reason == "replayed"


def test_a_bound_family_has_its_sessions_deadline_however_long_its_client_may_refresh(
    core: Core, user: User
) -> None:
    client = core.site(grant_types=REFRESHING, refresh_token_lifetime=400 * DAY // SECOND)
    opened = core.open(user)
    holder = Holder(core, user, client, first := core.redeem(core.code(opened.cookie, client), client), "")
    assert first.refresh_token is not None
    family = holder.family()
    assert int(core.record(family, "family", family)["deadline"]) == opened.session.deadline


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_tokens_of_an_offline_family_end_with_it_at_the_latest(core: Core, user: User, form: str) -> None:
    client = core.site(
        access_token_format=form,
        grant_types=REFRESHING,
        scopes=("offline_access",),
        refresh_token_lifetime=60,
    )
    holder = login(core, user, client, OFFLINE)
    told = holder.refresh()
    core.time.move(60 * SECOND - 1)
    assert holder.counts(told.access_token)
    core.time.move(1)
    assert not holder.counts(told.access_token)


@pytest.mark.parametrize("scope", [("openid",), OFFLINE], ids=["bound", "offline"])
def test_a_family_that_is_only_denied_so_far_is_dead(
    core: Core, user: User, client: Client, scope: tuple[str, ...]
) -> None:
    holder = login(core, user, client, scope)
    told = holder.refresh()
    core.hot.deny(holder.family())
    assert is_dead(holder)
    assert not holder.counts(told.access_token)


@pytest.mark.parametrize("scope", [("openid",), OFFLINE], ids=["bound", "offline"])
def test_cleanup_leaves_nothing_of_an_ended_family(
    core: Core, user: User, client: Client, scope: tuple[str, ...]
) -> None:
    holder = login(core, user, client, scope)
    family = holder.family()
    chain = holder.refresh_token.partition(".")[0]
    tidy = IndexCleanup(core.services.redis, core.services.clients)
    tidy.clean_up()
    told = holder.refresh()
    core.time.move(10 * DAY)
    for _ in range(20):
        tidy.clean_up()
    # Nor does it come back in part because somebody shows what it once gave.
    assert not holder.counts(told.access_token)
    assert core.hot.kept(family) == core.hot.kept(chain) == {}
    for index in ("family-deadlines", f"user-families:{user.sub}"):
        assert core.hot.place_in(family[:2], index, family) is None
