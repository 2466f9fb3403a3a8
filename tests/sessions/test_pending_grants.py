"""Grants that nobody gave yet: asked for by a client, answered once by a person, polled until then."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import hashed, shard_in, shard_of
from sso_center.core.clients import Client
from sso_center.core.grants import GrantPending, GrantRefused, GrantRequest, Issued, PendingGrant, Replayed
from sso_center.core.tokens import Redeemed
from tests.harness.core import HOUR, Core
from tests.harness.rounds import rounds
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


@pytest.mark.parametrize("others", ["denial", "approval"])
def test_an_answer_while_an_approval_is_under_way_comes_too_late(
    core: Core, site: Client, code: str, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    mine, theirs = (sign_in(core, core.site()) for _ in range(2))
    pending_grants, pending = core.services.pending_grants, found(core, code)
    issue, late = core.services.grants.issue, []
    answers: dict[str, Callable[[], object]] = {
        "denial": lambda: pending_grants.deny(pending),
        "approval": lambda: pending_grants.approve(pending, theirs.cookie, ASKED),
    }

    def issue_after_another_answered(*given: Any, **more: Any) -> Issued:
        monkeypatch.setattr(core.services.grants, "issue", issue)
        assert found(core, code).state == "approving"
        with pytest.raises(GrantPending):
            redeem(core, code, site)
        with pytest.raises(GrantRefused) as refused:
            answers[others]()
        late.append(refused.value.reason)
        return issue(*given, **more)

    monkeypatch.setattr(core.services.grants, "issue", issue_after_another_answered)
    assert pending_grants.approve(pending, mine.cookie, ASKED).code is not None
    assert late == ["approving"]
    assert not core.is_alive(site, theirs.sid)
    assert redeem(core, code, site).user.sub == mine.user.sub


def test_an_approval_that_died_under_way_gives_nothing(
    core: Core, site: Client, code: str, elsewhere: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending, issue = found(core, code), core.services.grants.issue

    def die_after_issuing(*given: Any, **more: Any) -> Issued:
        issue(*given, **more)
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(core.services.grants, "issue", die_after_issuing)
        with pytest.raises(Unavailable):
            core.services.pending_grants.approve(pending, elsewhere.cookie, ASKED)
    with pytest.raises(GrantRefused):
        core.services.pending_grants.approve(pending, elsewhere.cookie, ASKED)
    core.time.move(LIFE * 1000)
    with pytest.raises(GrantRefused) as refused:
        redeem(core, code, site)
    assert refused.value.reason == "expired"


def test_of_answers_at_once_one_counts_and_the_others_leave_nothing(core: Core, site: Client) -> None:
    # In one shard, since there a second grant would take the place of the first.
    people = [core.person(shard=shard_of(site.client_id)) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(rounds(200)):
            opened = [core.open(one) for one in people]
            everybody = [(one.session.sid, one.cookie) for one in opened]
            code = core.services.pending_grants.begin(site.client_id, SCOPE, life=LIFE)
            pending, gate = found(core, code), Barrier(4)
            tries = [pool.submit(answered, core, pending, gate, cookie) for _, cookie in everybody]
            tries.append(pool.submit(answered, core, pending, gate, None))
            won = [one.result() for one in tries]
            assert won.count(True) == 1
            joined = [core.is_alive(site, sid) for sid, _ in everybody]
            assert joined == won[:-1]
            if won[-1]:
                with pytest.raises(GrantRefused):
                    redeem(core, code, site)
            else:
                active = core.services.tokens.find_active(redeem(core, code, site).access_token)
                assert active is not None
                assert active.sid == everybody[won.index(True)][0]


def answered(core: Core, pending: PendingGrant, gate: Barrier, cookie: str | None) -> bool:
    """Approve with a cookie, deny without one, and say whether that counted."""
    gate.wait()
    try:
        if cookie is None:
            core.services.pending_grants.deny(pending)
        else:
            core.services.pending_grants.approve(pending, cookie, ASKED)
    except GrantRefused:
        return False
    return True


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
