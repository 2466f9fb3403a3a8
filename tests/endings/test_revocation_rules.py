"""What a lost role, a new password and a disabled account end is what the rules name, and nothing else."""

from collections.abc import Callable

import pytest

from sso_center.core.users import PasswordHasher, RevocationRules, Users
from tests.endings.belongings import (
    ACCESS,
    ALL,
    OF_SESSIONS,
    REFRESH,
    Belongings,
    Sites,
    belongings_of,
    sites_of,
)
from tests.endings.conftest import Books, follow
from tests.harness.core import Core

KINDS = {"sessions": OF_SESSIONS, "refresh_tokens": REFRESH, "access_tokens": ACCESS}


@pytest.fixture(scope="module")
def sites(core: Core) -> Sites:
    return sites_of(core)


def users_by(core: Core, **rules: tuple[str, ...]) -> Users:
    """Return the accounts, changed by these rules and no other."""
    services = core.services
    nothing: dict[str, tuple[str, ...]] = {"role_lost": (), "password_change": (), "disabled": ()}
    consequences = RevocationRules(**{**nothing, **rules})
    return Users(services.database, services.redis, PasswordHasher(), services.clock, consequences)


def lose_a_role(users: Users, sub: str) -> None:
    users.update(sub, roles=["kept"])


def change_the_password(users: Users, sub: str) -> None:
    users.set_password(sub, "another good password")


def disable(users: Users, sub: str) -> None:
    users.set_disabled(sub, True)


def disable_for_a_while(users: Users, sub: str) -> None:
    users.set_disabled(sub, True)
    users.set_disabled(sub, False)


Change = Callable[[Users, str], None]
CAUSES: dict[str, Change] = {
    "role_lost": lose_a_role,
    "password_change": change_the_password,
    "disabled": disable_for_a_while,
}


def somebody(core: Core, sites: Sites) -> Belongings:
    return belongings_of(core, sites, core.person("kept", "lost"))


def test_the_tokens_of_a_login_count(core: Core, sites: Sites) -> None:
    assert somebody(core, sites).alive() == ALL


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cause", CAUSES)
def test_a_change_ends_what_its_rule_names_and_nothing_else(
    core: Core, books: Books, sites: Sites, cause: str, kind: str
) -> None:
    mine, other = somebody(core, sites), somebody(core, sites)
    CAUSES[cause](users_by(core, **{cause: (kind,)}), mine.user.sub)
    assert mine.alive() == ALL - KINDS[kind]
    follow(core)
    assert mine.alive() == ALL - KINDS[kind]
    assert other.alive() == ALL
    ended = books.journal(sub=mine.user.sub, kind="ending")
    assert {row.reason for row in ended} == ({cause} if kind == "sessions" else set())
    assert len(ended) == (2 if kind == "sessions" else 0), "the browser's session and the app's"
    assert belongings_of(core, sites, core.services.users.get(mine.user.sub)).alive() == ALL


@pytest.mark.parametrize("cause", CAUSES)
def test_a_rule_may_name_nothing_and_everything(core: Core, sites: Sites, cause: str) -> None:
    mine, other = somebody(core, sites), somebody(core, sites)
    CAUSES[cause](users_by(core), mine.user.sub)
    assert mine.alive() == ALL
    CAUSES[cause](users_by(core, **{cause: tuple(KINDS)}), other.user.sub)
    assert other.alive() == frozenset()


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_judged_by_its_own_rule(core: Core, sites: Sites, kind: str) -> None:
    mine = somebody(core, sites)
    users = users_by(core, password_change=(kind,), disabled=(kind,))
    users.update(mine.user.sub, roles=["kept"])
    users.update(mine.user.sub, profile={"name": "Another Name"})
    assert mine.alive() == ALL


def test_a_role_that_is_given_ends_nothing(core: Core, sites: Sites) -> None:
    mine = somebody(core, sites)
    users_by(core, role_lost=tuple(KINDS)).update(mine.user.sub, roles=["kept", "lost", "given"])
    assert mine.alive() == ALL


def test_no_token_of_a_disabled_account_counts_whatever_the_rule(core: Core, sites: Sites) -> None:
    mine = somebody(core, sites)
    users = users_by(core)
    disable(users, mine.user.sub)
    assert mine.alive() == frozenset()
    follow(core)
    users.set_disabled(mine.user.sub, False)
    assert mine.alive() == ALL
