"""Taking back what was given does not depend on whether it counts at that moment."""

from collections.abc import Iterator

import pytest

from sso_center.core.chains.token import ChainSigner
from sso_center.core.clients import Client
from sso_center.core.reasons import Reason
from sso_center.core.tokens import RevocableToken
from sso_center.core.users import User
from tests.harness.core import DAY, HOUR, MINUTE, Core, core_in
from tests.tokens.conftest import REFRESHING, hold

KINDS = ["opaque", "jwt", "refresh", "app"]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    """A core where disabling somebody takes nothing back, so that what they hold comes to life again."""
    with core_in(tmp_path_factory.mktemp("given"), SSO_ON_DISABLED="nothing") as built:
        yield built


def token_of(core: Core, user: User, kind: str) -> tuple[str, Client]:
    if kind == "app":
        client = core.site(access_token_format="app")
    else:
        form = "jwt" if kind == "jwt" else "opaque"
        client = core.site(access_token_format=form, grant_types=REFRESHING)
    given = core.redeem(core.code(core.open(user).cookie, client), client)
    return (given.refresh_token or "" if kind == "refresh" else given.access_token), client


def take_back(core: Core, given: RevocableToken) -> None:
    if given.kind == "app":
        assert given.sid is not None
        core.services.endings.end_session(given.sid, Reason.LOGOUT, "test")
    elif given.kind == "refresh":
        assert given.family is not None
        core.services.revoker.revoke_family(
            given.family, sub=given.sub, client_id=given.client_id, reason=Reason.REVOKED
        )
    else:
        core.services.revoker.revoke_token(
            given.jti, sub=given.sub, client_id=given.client_id, until=given.deadline, actor="test"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_revoked_while_its_person_is_disabled_stays_dead(core: Core, kind: str) -> None:
    user, tokens = core.person(), core.services.tokens
    token, client = token_of(core, user, kind)
    untouched, _ = token_of(core, user, kind)
    core.services.users.set_disabled(user.sub, True)
    assert tokens.find_active(token) is None
    given = tokens.find_revocable(token)
    assert given is not None
    assert (given.client_id, given.sub) == (client.client_id, user.sub)
    take_back(core, given)
    core.services.users.set_disabled(user.sub, False)
    assert tokens.find_active(untouched) is not None
    assert tokens.find_active(token) is None
    assert tokens.find_revocable(token) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_ended_for_good_is_not_revocable(core: Core, kind: str) -> None:
    user, tokens = core.person(), core.services.tokens
    closed, _ = token_of(core, user, kind)
    expired, _ = token_of(core, user, kind)
    active = tokens.find_active(closed)
    assert active is not None
    assert active.sid is not None
    core.services.endings.end_session(active.sid, Reason.LOGOUT, "test")
    assert tokens.find_revocable(closed) is None
    assert tokens.find_revocable(expired) is not None
    core.time.move(91 * DAY)
    assert tokens.find_revocable(expired) is None


def test_a_token_without_a_session_is_revocable_until_it_expires(core: Core) -> None:
    offline = hold(core, scope=("openid", "offline_access"), refresh_token_lifetime=3600).refresh_token
    robot = core.site(grant_types=("client_credentials",))
    own = core.services.tokens.issue_to_client(robot, ()).access_token
    for token, life in ((own, 10 * MINUTE), (offline, 50 * MINUTE)):
        assert core.services.tokens.find_revocable(token) is not None
        core.time.move(life)
        assert core.services.tokens.find_revocable(token) is None


def test_a_refresh_token_that_was_used_long_ago_is_found(core: Core) -> None:
    holder = hold(core)
    first = holder.refresh_token
    for _ in range(3):
        holder.refresh()
        core.time.move(2 * MINUTE)
    newest = core.services.tokens.find_active(holder.refresh_token)
    given = core.services.tokens.find_revocable(first)
    assert newest is not None
    assert given is not None
    assert given.family == newest.family


def test_a_refresh_token_ahead_of_the_store_is_found(core: Core) -> None:
    holder = hold(core)
    saved = holder.saved()
    for _ in range(3):
        holder.refresh()
    holder.restore(saved)
    given = core.services.tokens.find_revocable(holder.refresh_token)
    assert given is not None
    assert given.client_id == holder.client.client_id


def test_signing_keys_alone_find_nothing(core: Core) -> None:
    holder = hold(core)
    signer = ChainSigner(tuple(core.services.keys.cookie_secrets("refresh")), "refresh")
    real = signer.loads(holder.refresh_token)
    assert real is not None
    for forged in (
        type(real)(real.chain_id, real.generation, "x" * 43),
        type(real)(real.shard + "y" * 22, real.generation, real.secret),
    ):
        assert core.services.tokens.find_revocable(signer.dumps(forged)) is None
    assert core.services.tokens.find_revocable(signer.dumps(real)) is not None


@pytest.mark.parametrize("text", ["", "x", "00" + "a" * 43, "a.b.c", "a.b.c.d", "é", "a" * 9000])
def test_a_string_that_is_no_token_is_not_revocable(core: Core, text: str) -> None:
    assert core.services.tokens.find_revocable(text) is None


def test_a_clients_own_token_is_found_until_it_is_denied(core: Core) -> None:
    client = core.site(grant_types=("client_credentials",))
    token = core.services.tokens.issue_to_client(client, ()).access_token
    given = core.services.tokens.find_revocable(token)
    assert given is not None
    assert (given.client_id, given.family, given.sid) == (client.client_id, None, None)
    take_back(core, given)
    assert core.services.tokens.find_revocable(token) is None


def test_a_token_of_an_expired_session_is_revoked_already(core: Core) -> None:
    user, client = core.person(), core.site(grant_types=REFRESHING)
    opened = core.open(user)
    given = core.redeem(core.code(opened.cookie, client), client)
    assert given.refresh_token is not None
    core.time.move(2 * HOUR - 1)
    assert core.services.tokens.find_revocable(given.refresh_token) is not None
    core.time.move(1)
    assert core.services.tokens.find_revocable(given.refresh_token) is None


def test_a_token_that_would_outlive_its_session_ends_with_it(core: Core) -> None:
    user, client = core.person(), core.site()
    opened = core.open(user)
    for _ in range(12):
        core.time.move(HOUR - MINUTE // 6)
        assert core.services.sessions.visit(opened.cookie).session is not None
    token = core.token(opened.cookie, client)
    core.time.now = opened.session.deadline - 1
    assert core.services.tokens.find_revocable(token) is not None
    core.time.move(1)
    assert core.services.tokens.find_revocable(token) is None
