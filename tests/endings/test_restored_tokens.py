"""Tokens in a shard that came back from an old copy, or empty: nothing that was taken back counts again."""

from collections.abc import Callable

import pytest

from sso_center.core.reasons import CENTER, Reason
from tests.endings.belongings import ALL, Belongings, Sites, belongings_of, sites_of
from tests.endings.test_recovery import OldCopy
from tests.harness.core import SECOND, Core


@pytest.fixture(scope="module")
def sites(core: Core) -> Sites:
    return sites_of(core)


def give_back(*names: str) -> Callable[[Core, Sites, Belongings], None]:
    """Give tokens back as /revoke does."""

    def do(core: Core, _sites: Sites, mine: Belongings) -> None:
        for name in names:
            given = core.services.tokens.find_revocable(mine.held[name])
            assert given is not None
            who = {"sub": given.sub, "client_id": given.client_id}
            if given.kind == "app":
                core.services.endings.end_session(given.sid or "", Reason.LOGOUT, CENTER)
            elif given.kind == "refresh":
                core.services.revoker.revoke_family(given.family or "", **who, reason=Reason.REVOKED)
            else:
                core.services.revoker.revoke_token(given.jti, **who, until=given.deadline, actor=CENTER)

    return do


def cut_off(scope: str) -> Callable[[Core, Sites, Belongings], None]:
    """Set a cut-off that reaches the person, or the site with JWTs."""

    def do(core: Core, sites: Sites, mine: Belongings) -> None:
        name = {"user": mine.user.sub, "role": "guard", "client": sites.jwt.client_id}.get(scope, "")
        core.services.mass_endings.cut_off(scope, name, Reason.ADMIN, CENTER)  # type: ignore[arg-type]

    return do


def lose_the_role_after_its_cut_off(core: Core, sites: Sites, mine: Belongings) -> None:
    cut_off("role")(core, sites, mine)
    core.services.users.update(mine.user.sub, roles=())


def disable_and_enable(core: Core, _sites: Sites, mine: Belongings) -> None:
    core.services.users.set_disabled(mine.user.sub, True)
    core.services.users.set_disabled(mine.user.sub, False)


TAKING_BACK: dict[str, Callable[[Core, Sites, Belongings], object]] = {
    "single access tokens": give_back("opaque", "jwt", "opaque offline", "jwt offline"),
    "an app token": give_back("app"),
    "refresh tokens": give_back("refresh", "refresh offline"),
    "offline access": lambda core, sites, mine: [
        core.services.revoker.revoke_offline(mine.user.sub, site.client_id, CENTER)
        for site in (sites.opaque, sites.jwt)
    ],
    "the session": lambda core, _, mine: core.services.endings.end_session(mine.sid, Reason.ADMIN, CENTER),
    "a site": lambda core, sites, mine: core.services.endings.leave(mine.sid, sites.jwt.client_id, CENTER),
    "a cut-off of the person": cut_off("user"),
    "a cut-off of a role": cut_off("role"),
    "a cut-off of a site": cut_off("client"),
    "a cut-off of everyone": cut_off("everyone"),
    "a role, after its cut-off": lose_the_role_after_its_cut_off,
    "a role": lambda core, _, mine: core.services.users.update(mine.user.sub, roles=()),
    "the password": lambda core, _, mine: core.services.users.set_password(mine.user.sub, "a new long one"),
    "an account for a while": disable_and_enable,
}


@pytest.mark.parametrize("what", TAKING_BACK)
def test_revoked_tokens_stay_revoked_in_a_redis_that_came_back(core: Core, sites: Sites, what: str) -> None:
    mine = belongings_of(core, sites, core.person("guard"))
    assert mine.alive() == ALL
    copy = OldCopy(core, mine.user.shard)
    core.time.move(SECOND)
    TAKING_BACK[what](core, sites, mine)
    left = mine.alive()
    assert left < ALL
    for _ in range(2):
        copy.put_back()
        assert mine.alive() == left
    copy.put_back_nothing()
    # What hangs on no record in the store is a JWT without a session: it still must not come back.
    assert mine.alive() <= left & {"jwt offline"}
