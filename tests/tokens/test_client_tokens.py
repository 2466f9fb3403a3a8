"""Tokens with no person behind them: a client's own."""

import pytest

from sso_center.base.secrets import shard_of
from sso_center.core.audit import AuditDrain
from sso_center.core.reasons import CENTER, Reason
from tests.harness.core import DAY, MINUTE, Core

OWN = ("authorization_code", "client_credentials")


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_clients_own_token_counts_for_ten_minutes(core: Core, form: str) -> None:
    machine = core.site(access_token_format=form, grant_types=OWN)
    tokens = core.services.tokens
    given = tokens.issue_to_client(machine, ("openid",))
    found = tokens.find_active(given.access_token)
    assert found is not None
    assert (found.sub, found.user, found.sid, found.family) == (machine.client_id, None, None, None)
    core.time.move(10 * MINUTE - 1000)
    assert tokens.find_active(given.access_token) is not None
    core.time.move(1000)
    assert tokens.find_active(given.access_token) is None


@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("scope", ["client", "everyone"])
def test_a_cut_off_reaches_a_clients_own_tokens_and_not_the_next(core: Core, form: str, scope: str) -> None:
    machine = core.site(access_token_format=form, grant_types=OWN)
    tokens = core.services.tokens
    before = tokens.issue_to_client(machine, ()).access_token
    name = machine.client_id if scope == "client" else ""
    next(core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    assert tokens.find_active(before) is None
    assert tokens.find_active(tokens.issue_to_client(machine, ()).access_token) is not None


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_cut_off_of_others_leaves_a_clients_own_tokens_alone(core: Core, form: str) -> None:
    machine = core.site(access_token_format=form, grant_types=OWN)
    token = core.services.tokens.issue_to_client(machine, ()).access_token
    neighbour = core.person(shard=shard_of(machine.client_id))
    for scope, name in (("user", neighbour.sub), ("client", core.site().client_id)):
        next(core.services.mass_endings.end(scope, name, Reason.ADMIN, CENTER))  # type: ignore[arg-type]
    assert core.services.tokens.find_active(token) is not None


def test_that_a_client_took_a_token_for_itself_is_audited(core: Core) -> None:
    machine = core.site(grant_types=OWN)
    core.services.tokens.issue_to_client(machine, ())
    AuditDrain(core.services.database, core.services.redis).drain()
    noted = [(one.tag, one.client_id) for one in core.services.audit.latest()]
    assert noted.count(("oidc:client:token", machine.client_id)) == 1


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_clients_own_token_is_taken_back_alone(core: Core, form: str) -> None:
    machine = core.site(access_token_format=form, grant_types=OWN)
    tokens = core.services.tokens
    one, other = (tokens.issue_to_client(machine, ()).access_token for _ in range(2))
    found = tokens.find_active(one)
    assert found is not None
    core.services.revoker.revoke_token(
        found.jti, sub="", client_id=machine.client_id, until=core.time.now + DAY, actor="test"
    )
    assert tokens.find_active(one) is None
    assert tokens.find_active(other) is not None
