"""Refresh tokens rotate at every use: whose they are, what they give, and what ends them."""

from pathlib import Path

import pytest

from sso_center.core.grants import GrantRefused
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import ReusedToken, ScopeRefused
from sso_center.core.tokens.access import AccessTokens
from tests.harness.core import DAY, HOUR, SECOND, Core, core_in
from tests.tokens.conftest import Holder, hold


def test_a_spent_refresh_token_alone_does_not_yield_the_access_token_that_it_gave(
    opaque: Holder, tmp_path: Path
) -> None:
    spent = opaque.refresh_token
    given = opaque.refresh().access_token
    shard, secret = given[:2], spent.split(".")[2]

    def made_with(core: Core) -> str:
        access = AccessTokens(core.services.keys, core.services.settings.issuer)
        return access.candidate(opaque.client, shard, secret)[0]

    assert made_with(opaque.core) == given
    with core_in(tmp_path) as elsewhere:
        assert made_with(elsewhere) != given


def test_each_use_gives_another_refresh_token_and_access_token(opaque: Holder) -> None:
    told = [opaque.refresh() for _ in range(5)]
    assert len({one.refresh_token for one in told}) == 5
    assert len({one.access_token for one in told}) == 5
    assert all(opaque.counts(one.access_token) for one in told)


def test_a_reuse_found_ends_the_family_once_the_caller_says_so(opaque: Holder) -> None:
    old = opaque.refresh_token
    opaque.refresh()
    newest = opaque.refresh()
    opaque.core.time.move(HOUR)
    with pytest.raises(ReusedToken) as reused:
        opaque.refresh(old)
    revoker, family = opaque.core.services.revoker, reused.value
    revoker.revoke_family(family.family, sub=family.sub, client_id=family.client_id, reason=Reason.REUSE)
    assert not opaque.counts(newest.access_token)
    assert not opaque.counts(newest.refresh_token)
    with pytest.raises(GrantRefused):
        opaque.refresh()


def test_scope_can_be_narrowed_and_never_widened(opaque: Holder) -> None:
    narrow = opaque.refresh(scope=("openid",))
    assert narrow.scope == ("openid",)
    found = opaque.core.services.tokens.find_active(narrow.access_token)
    assert found is not None
    assert found.scope == ("openid",)
    # What was narrowed is one access token; the grant is as wide as it was.
    assert opaque.refresh().scope == ("openid", "profile", "email")
    with pytest.raises(ScopeRefused):
        opaque.refresh(scope=("openid", "offline_access"))
    # Nothing was told: the token is as good as before.
    assert opaque.refresh().refresh_token


def test_a_retry_gets_the_same_access_token_whatever_scope_it_asks_for(opaque: Holder) -> None:
    wide = opaque.refresh(opaque.refresh_token)
    assert opaque.refresh(opaque.refresh_token, scope=("openid",)) == wide


def test_another_clients_refresh_is_refused_and_harms_nothing(opaque: Holder) -> None:
    old = opaque.refresh_token
    opaque.refresh()
    thief = opaque.core.site(grant_types=("authorization_code", "refresh_token"))
    for token in (old, opaque.refresh_token):
        with pytest.raises(GrantRefused) as refused:
            opaque.core.services.tokens.refresh(token, client=thief, scope=None)
        assert refused.value.reason == "wrong_client"
    assert opaque.refresh()


def test_a_refresh_token_without_offline_access_ends_with_the_session(opaque: Holder) -> None:
    told = opaque.refresh()
    assert opaque.first.authentication.sid is not None
    opaque.core.services.endings.end_session(opaque.first.authentication.sid, Reason.LOGOUT, CENTER)
    assert not opaque.counts(told.access_token)
    with pytest.raises(GrantRefused):
        opaque.refresh()


def test_a_refresh_token_with_offline_access_outlives_the_session(core: Core) -> None:
    holder = hold(core, scope=("openid", "offline_access"))
    assert holder.first.authentication.sid is not None
    core.services.endings.end_session(holder.first.authentication.sid, Reason.LOGOUT, CENTER)
    assert not holder.counts(holder.first.access_token)
    told = holder.refresh()
    assert told.authentication.sid is None
    assert told.authentication.auth_time == holder.first.authentication.auth_time
    assert holder.counts(told.access_token)


def test_an_offline_family_lives_as_long_as_its_client_says(core: Core) -> None:
    holder = hold(core, scope=("openid", "offline_access"), refresh_token_lifetime=DAY // SECOND)
    core.time.move(DAY - 1)
    holder.refresh()
    core.time.move(1)
    with pytest.raises(GrantRefused) as refused:
        holder.refresh()
    assert refused.value.reason == "expired"


@pytest.mark.parametrize("scope", ["user", "role", "client", "everyone"])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_cut_off_ends_offline_tokens_too_and_not_what_is_issued_after_it(
    core: Core, scope: str, form: str
) -> None:
    user, client = (
        core.person("staff"),
        core.site(
            grant_types=("authorization_code", "refresh_token"),
            scopes=("offline_access",),
            access_token_format=form,
        ),
    )

    def login() -> Holder:
        code = core.code(core.open(user).cookie, client, scope=("openid", "offline_access"))
        first = core.redeem(code, client)
        assert first.refresh_token is not None
        return Holder(core, user, client, first, first.refresh_token)

    before = login()
    old = before.refresh()
    name = {"user": user.sub, "role": "staff", "client": client.client_id, "everyone": ""}[scope]
    next(core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    assert not before.counts(old.access_token)
    with pytest.raises(GrantRefused):
        before.refresh()
    # The clock has not moved: what is issued in the same millisecond after it counts.
    after = login()
    assert after.counts(after.first.access_token)
    assert after.counts(after.refresh().access_token)


def test_a_forged_or_foreign_token_is_refused(opaque: Holder) -> None:
    token = opaque.refresh_token
    chain, generation, secret, signature = token.split(".")
    for bad in (
        "",
        "x",
        token[:-1],
        f"{chain}.{int(generation) + 1}.{secret}.{signature}",
        opaque.first.access_token,
        token + "é",
    ):
        with pytest.raises(GrantRefused):
            opaque.refresh(bad or "x")
    assert opaque.refresh()
