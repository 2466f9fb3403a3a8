"""Grants that nobody gave yet: asked for by a client, answered once by a person, polled until then."""

import dataclasses

import pytest

from sso_center.base.secrets import hashed, shard_in, shard_of
from sso_center.core.clients import Client
from sso_center.core.grants import GrantPending, GrantRefused, GrantRequest, PendingGrant, Replayed
from sso_center.core.tokens import Redeemed
from tests.harness.core import HOUR, Core
from tests.sessions.conftest import Held, sign_in

SCOPE = ("openid", "email")
LIFE = 600
ASKED = GrantRequest("", "", ())


@pytest.fixture
def code(core: Core, site: Client) -> str:
    """The code of a pending grant that the site asked for."""
    return core.services.pending_grants.begin(site.client_id, SCOPE, life=LIFE)


@pytest.fixture
def elsewhere(core: Core, site: Client) -> Held:
    """Somebody whose shard is another than the site's."""
    while True:
        held = sign_in(core, site)
        if held.user.shard != shard_of(site.client_id):
            return held


def found(core: Core, code: str) -> PendingGrant:
    return core.services.pending_grants.find(str(shard_in(code)), hashed(code))


def redeem(core: Core, code: str, client: Client) -> Redeemed:
    """Redeem it as a grant type does that polls."""
    pending = core.services.pending_grants.find_presented(code, client.client_id)
    return core.services.tokens.redeem(
        code, client=client, redirect_uri=None, code_verifier=None, shard=pending.approver
    )


def approve(core: Core, code: str, cookie: str) -> bool:
    issued = core.services.pending_grants.approve(found(core, code), cookie, ASKED)
    return issued.code is not None


def test_a_pending_grant_has_no_user_and_gives_nothing(core: Core, site: Client, code: str) -> None:
    pending = found(core, code)
    assert (pending.client_id, pending.scope, pending.state) == (site.client_id, SCOPE, "pending")
    with pytest.raises(GrantPending):
        redeem(core, code, site)


def test_an_approved_grant_is_redeemed_once_for_who_approved_it(
    core: Core, site: Client, code: str, elsewhere: Held
) -> None:
    assert approve(core, code, elsewhere.cookie)
    redeemed = redeem(core, code, site)
    assert (redeemed.user.sub, redeemed.scope) == (elsewhere.user.sub, SCOPE)
    active = core.services.tokens.find_active(redeemed.access_token)
    assert active is not None
    assert active.sid == elsewhere.sid
    with pytest.raises(Replayed) as replayed:
        redeem(core, code, site)
    assert replayed.value.sub == elsewhere.user.sub


def test_an_approved_grant_dies_with_the_session_that_approved_it(
    core: Core, site: Client, code: str, elsewhere: Held
) -> None:
    assert approve(core, code, elsewhere.cookie)
    core.services.endings.end_session(elsewhere.sid, "logout", elsewhere.user.sub)  # type: ignore[arg-type]
    with pytest.raises(GrantRefused, match="code"):
        redeem(core, code, site)


def test_a_denied_grant_stays_denied(core: Core, site: Client, code: str, elsewhere: Held) -> None:
    pending = found(core, code)
    core.services.pending_grants.deny(pending)
    with pytest.raises(GrantRefused) as refused:
        core.services.pending_grants.approve(pending, elsewhere.cookie, ASKED)
    assert refused.value.reason == "denied"
    with pytest.raises(GrantRefused) as refused:
        redeem(core, code, site)
    assert refused.value.reason == "denied"


def test_the_first_answer_counts(core: Core, site: Client, code: str, elsewhere: Held, held: Held) -> None:
    pending = found(core, code)
    assert approve(core, code, elsewhere.cookie)
    with pytest.raises(GrantRefused):
        core.services.pending_grants.deny(pending)
    with pytest.raises(GrantRefused):
        core.services.pending_grants.approve(pending, held.cookie, ASKED)
    assert redeem(core, code, site).user.sub == elsewhere.user.sub


def test_nobody_answers_after_its_time(core: Core, site: Client, code: str, elsewhere: Held) -> None:
    core.time.move(LIFE * 1000)
    assert found(core, code).state == "expired"
    with pytest.raises(GrantRefused):
        approve(core, code, elsewhere.cookie)
    with pytest.raises(GrantRefused) as refused:
        redeem(core, code, site)
    assert refused.value.reason == "expired"


def test_a_pending_grant_is_of_no_other_client(core: Core, code: str, elsewhere: Held) -> None:
    assert approve(core, code, elsewhere.cookie)
    with pytest.raises(GrantRefused) as refused:
        redeem(core, code, core.site())
    assert refused.value.reason == "wrong_client"


def test_an_approval_that_needs_a_login_first_leaves_the_grant_pending(
    core: Core, site: Client, code: str, elsewhere: Held
) -> None:
    strict = dataclasses.replace(ASKED, authenticated_after=core.time() + HOUR)
    issued = core.services.pending_grants.approve(found(core, code), elsewhere.cookie, strict)
    assert issued.code is None
    with pytest.raises(GrantPending):
        redeem(core, code, site)


@pytest.mark.parametrize("code", ["", "nonsense", "zz" + "a" * 40])
def test_a_code_of_no_pending_grant_is_refused(core: Core, site: Client, code: str) -> None:
    with pytest.raises(GrantRefused):
        redeem(core, code, site)
