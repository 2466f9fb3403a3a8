"""Redeeming a grant while things move around it."""

import pytest

from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import Outcome
from tests.harness.core import HOUR, MINUTE, Core, request_of
from tests.tokens.conftest import REFRESHING

FORMS = ["opaque", "jwt", "app"]


@pytest.mark.parametrize("form", FORMS)
def test_a_person_whose_copy_was_lost_is_looked_up(core: Core, form: str) -> None:
    user, client = core.person(), core.site(access_token_format=form)
    code = core.code(core.open(user).cookie, client)
    core.forget_copy(user)
    given = core.redeem(code, client)
    core.forget_copy(user)
    assert core.services.tokens.find_active(given.access_token) is not None


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_off_of_others_leaves_a_grant_and_what_it_gave_alone(core: Core, form: str) -> None:
    user, client = core.person(), core.site(access_token_format=form)
    neighbour = core.person("staff", shard=user.shard)
    code, other = (core.code(core.open(user).cookie, client) for _ in range(2))
    before = core.redeem(other, client)
    for scope, name in (("user", neighbour.sub), ("role", "staff"), ("client", "another-site")):
        next(core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    given = core.redeem(code, client)
    for one in (before, given):
        assert core.services.tokens.find_active(one.access_token) is not None


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_off_reaches_a_grant_that_is_not_redeemed_yet(core: Core, form: str) -> None:
    user, client = core.person("staff"), core.site(access_token_format=form)
    code = core.code(core.open(user).cookie, client)
    next(core.services.mass_endings.end("client", client.client_id, Reason.ADMIN, CENTER))
    with pytest.raises(GrantRefused) as refused:
        core.redeem(code, client)
    assert refused.value.reason == "client_left"


def test_tokens_of_an_earlier_epoch_do_not_count(core: Core) -> None:
    user, client = core.person(), core.site(grant_types=REFRESHING)
    code = core.code(core.open(user).cookie, client)
    changed = core.show_copy(user, access_epoch=3, refresh_epoch=4)
    given = core.redeem(code, client)
    tokens = core.services.tokens
    assert given.refresh_token is not None
    assert tokens.find_active(given.access_token) is not None
    assert tokens.find_active(given.refresh_token) is not None
    core.show_copy(changed, access_epoch=4)
    assert tokens.find_active(given.access_token) is None
    assert tokens.find_active(given.refresh_token) is not None


def test_no_grant_is_issued_for_a_session_that_is_no_more(core: Core) -> None:
    user, client = core.person(), core.site()
    ended, forgotten, stale = (core.open(user) for _ in range(3))
    core.services.endings.end_session(ended.session.sid, Reason.LOGOUT, CENTER)
    core.hot.lose(user.shard, "chain", forgotten.session.chain_id)
    core.hot.lose(user.shard, "session", stale.session.sid)
    for opened in (ended, forgotten, stale):
        issued = core.services.grants.issue(opened.cookie, request_of(client))
        assert issued.code is None
        assert issued.visit.session is None


def test_a_cookie_that_was_copied_gets_no_grant(core: Core) -> None:
    user, client = core.person(), core.site()
    old = core.open(user).cookie
    core.time.move(2 * HOUR)
    newest = core.services.sessions.visit(old).successor
    assert newest is not None
    assert core.services.sessions.visit(newest).session is not None
    core.time.move(MINUTE + 1)
    issued = core.services.grants.issue(old, request_of(client))
    assert issued.code is None
    assert issued.visit.outcome is Outcome.REUSE


def test_no_token_outlives_the_session_without_the_refresh_grant(core: Core) -> None:
    user, client = core.person(), core.site(scopes=())
    opened = core.open(user)
    given = core.redeem(core.code(opened.cookie, client, scope=("openid", "offline_access")), client)
    assert given.refresh_token is None
    assert core.services.tokens.offline_of(user.sub) == []
    core.services.endings.end_session(opened.session.sid, Reason.LOGOUT, CENTER)
    assert core.services.tokens.find_active(given.access_token) is None
