"""Grants: when one is issued, what it remembers, and every reason why one is not redeemed."""

from collections.abc import Callable
from typing import Any

import pytest

from sso_center.base.secrets import hashed
from sso_center.core.audit import AuditDrain
from sso_center.core.clients import Client
from sso_center.core.grants import GRANT_PARTS, GrantRefused, Replayed
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Outcome
from sso_center.core.tokens.redeemer import challenge_of
from sso_center.storage.redis import load_script
from tests.harness.core import DAY, HOUR, MINUTE, REDIRECT, SECOND, Core, request_of
from tests.sessions.conftest import Held

GRANT_LIFE = 60 * SECOND
MANY_EVENTS = load_script(__package__, *GRANT_PARTS, "many_events.lua")


def refusal(core: Core, code: str, client: Client, **changes: Any) -> GrantRefused:
    with pytest.raises(GrantRefused) as refused:
        core.redeem(code, client, **changes)
    return refused.value


# Issuing


@pytest.mark.parametrize("cookie", [None, "", "x"])
def test_without_a_session_a_login_is_needed(core: Core, site: Client, cookie: str | None) -> None:
    issued = core.services.grants.issue(cookie, request_of(site))
    assert issued.code is None
    assert issued.visit.outcome is (Outcome.UNKNOWN if cookie else Outcome.NONE)


def test_a_login_can_be_demanded_whatever_the_session_says(core: Core, held: Held) -> None:
    issued = core.services.grants.issue(held.cookie, request_of(held.client, must_login=True))
    assert issued.code is None
    assert issued.visit.outcome is Outcome.ALIVE


def test_a_login_may_be_as_old_as_max_age_and_no_millisecond_older(core: Core, held: Held) -> None:
    session = core.services.sessions.visit(held.cookie).session
    assert session is not None
    # What was issued meanwhile may have stamped the login a moment later than the clock.
    core.time.move(session.auth_time - core.time.now + 90 * SECOND)
    assert core.code(held.cookie, held.client, max_age=90)
    core.time.move(1)
    issued = core.services.grants.issue(held.cookie, request_of(held.client, max_age=90))
    assert issued.code is None
    assert issued.visit.outcome is Outcome.ALIVE


def test_a_login_can_be_demanded_after_an_instant(core: Core, held: Held) -> None:
    session = core.services.sessions.visit(held.cookie).session
    assert session is not None
    core.time.move(MINUTE)
    at = session.auth_time
    assert core.code(held.cookie, held.client, authenticated_after=at)
    assert core.code(held.cookie, held.client, authenticated_after=at, max_age=3600)
    for more in ({}, {"max_age": 3600}):
        request = request_of(held.client, authenticated_after=at + 1, **more)
        assert core.services.grants.issue(held.cookie, request).code is None


def test_a_login_that_is_needed_joins_no_site(core: Core, held: Held) -> None:
    stranger = core.site()
    core.time.move(MINUTE)
    core.services.grants.issue(held.cookie, request_of(stranger, max_age=1))
    assert not core.is_alive(stranger, held.sid)


def test_a_cookie_that_is_due_is_told_its_successor_with_a_grant_and_without(core: Core, held: Held) -> None:
    core.time.move(HOUR)
    assert core.services.sessions.visit(held.cookie).session is not None
    core.time.move(HOUR)
    for asked in ({}, {"max_age": 1}, {"must_login": True}):
        issued = core.services.grants.issue(held.cookie, request_of(held.client, **asked))
        assert issued.visit.successor is not None


def test_a_grant_is_remembered_for_a_day_so_that_a_replay_is_noticed(core: Core, held: Held) -> None:
    left = core.hot.kept(hashed(held.code), shard=held.user.shard)["grant"]
    assert DAY - MINUTE < left <= DAY


def test_the_audit_stream_of_a_shard_holds_ten_thousand_events_at_most(core: Core) -> None:
    redis = core.services.redis
    redis.run(MANY_EVENTS, "3f", {"count": 11_000})
    (length,) = [redis.command("3f", "XLEN", key) for key in redis.scan("sso:{3f}:audit")]
    assert 10_000 <= int(length) < 10_500


def test_the_request_of_a_grant_comes_back_with_its_tokens(core: Core, held: Held) -> None:
    code = core.code(held.cookie, held.client, nonce="n-1")
    redeemed = core.redeem(code, held.client)
    assert (redeemed.scope, redeemed.nonce) == (("openid",), "n-1")
    assert redeemed.authentication.sid == held.sid


def test_signing_in_joining_and_redeeming_are_audited(core: Core, held: Held) -> None:
    core.redeem(held.code, held.client)
    AuditDrain(core.services.database, core.services.redis).drain()
    entries = core.services.audit.latest(10, sub=held.user.sub)
    told = [(entry.tag, entry.client_id, entry.sid) for entry in entries]
    client, sid = held.client.client_id, held.sid
    assert told == [
        ("oidc:grant:redeem", client, sid),
        ("oidc:grant:redeem", client, sid),
        ("oidc:client:join", client, sid),
        ("login:session:open", None, sid),
    ]


# Redeeming


def test_a_grant_lives_its_minute_and_no_millisecond_more(core: Core, held: Held) -> None:
    second = core.code(held.cookie, held.client)
    core.time.move(GRANT_LIFE - 1)
    core.redeem(held.code, held.client)
    core.time.move(1)
    assert refusal(core, second, held.client).reason == "expired"


def test_a_grant_for_another_client_is_refused(core: Core, held: Held) -> None:
    assert refusal(core, held.code, core.site()).reason == "wrong_client"
    core.redeem(held.code, held.client)


@pytest.mark.parametrize("redirect_uri", [None, "", f"{REDIRECT}/", "-"])
def test_a_grant_needs_the_redirect_address_it_was_asked_with(
    core: Core, held: Held, redirect_uri: str | None
) -> None:
    refused = refusal(core, held.code, held.client, redirect_uri=redirect_uri)
    assert refused.reason == "wrong_redirect_uri"
    core.redeem(held.code, held.client)


def test_a_grant_needs_its_verifier_and_no_other(core: Core, held: Held) -> None:
    code = core.code(held.cookie, held.client, code_challenge=challenge_of("v" * 43))
    for verifier in (None, "", "w" * 43):
        refused = refusal(core, code, held.client, code_verifier=verifier)
        assert refused.reason == "wrong_verifier"
    core.redeem(code, held.client, code_verifier="v" * 43)


def test_a_grant_without_challenge_takes_no_verifier(core: Core, held: Held) -> None:
    assert refusal(core, held.code, held.client, code_verifier="v" * 43).reason == "wrong_verifier"
    core.redeem(held.code, held.client)


@pytest.mark.parametrize("code", ["", "x", "zz" + "a" * 43, "00" + "a" * 200])
def test_a_malformed_grant_is_refused_without_asking_redis(core: Core, site: Client, code: str) -> None:
    assert refusal(core, code, site).reason == "malformed"


def test_a_grant_nobody_issued_is_refused(core: Core, site: Client) -> None:
    assert refusal(core, "00" + "a" * 43, site).reason == "unknown"


def test_a_grant_presented_again_is_a_replay_that_names_what_it_gave(core: Core, held: Held) -> None:
    given = core.redeem(held.code, held.client)
    for moment in (0, 23 * HOUR):
        core.time.move(moment)
        replay = refusal(core, held.code, held.client)
        assert isinstance(replay, Replayed)
        assert replay.sub == held.user.sub
    core.time.move(-23 * HOUR)
    take_back(core, replay, held)
    assert core.services.tokens.find_active(given.access_token) is None
    assert core.services.tokens.find_active(held.token) is not None


def test_a_revoked_family_is_not_revoked_again(core: Core, held: Held) -> None:
    core.redeem(held.code, held.client)
    take_back(core, refusal(core, held.code, held.client), held)
    assert type(refusal(core, held.code, held.client)) is GrantRefused


@pytest.mark.parametrize("changes", [{"code_verifier": "v" * 43}, {"redirect_uri": "https://x.example/"}])
def test_a_redeemed_grant_presented_wrongly_is_no_replay(
    core: Core, held: Held, changes: dict[str, Any]
) -> None:
    core.redeem(held.code, held.client)
    assert type(refusal(core, held.code, held.client, **changes)) is GrantRefused
    assert type(refusal(core, held.code, core.site())) is GrantRefused


def take_back(core: Core, replay: GrantRefused, held: Held) -> None:
    assert isinstance(replay, Replayed)
    core.services.revoker.revoke_family(replay.family, sub=replay.sub, client_id=held.client.client_id)


def test_grants_of_before_a_recovery_are_void_and_those_after_it_count(core: Core, held: Held) -> None:
    core.services.applier.void_grants(held.user.shard)
    after = core.code(held.cookie, held.client)
    assert refusal(core, held.code, held.client).reason == "voided"
    core.redeem(after, held.client)


@pytest.mark.parametrize(
    "end",
    [
        lambda core, held: core.services.endings.end_session(held.sid, Reason.LOGOUT, "test"),
        lambda core, held: core.services.endings.leave(held.sid, held.client.client_id, "test"),
        lambda core, held: core.show_copy(held.user, is_disabled=True),
    ],
    ids=["session", "site", "account"],
)
def test_a_grant_dies_with_what_it_was_issued_for(
    core: Core, held: Held, end: Callable[[Core, Held], object]
) -> None:
    end(core, held)
    refusal(core, held.code, held.client)


def test_tokens_from_before_a_client_left_stay_dead_when_it_joins_again(core: Core, held: Held) -> None:
    core.services.endings.leave(held.sid, held.client.client_id, "test")
    again = core.code(held.cookie, held.client)
    refusal(core, held.code, held.client)
    assert core.services.tokens.find_active(held.token) is None
    token = core.redeem(again, held.client).access_token
    assert core.services.tokens.find_active(token) is not None


def test_hosts_whose_clocks_differ_spoil_neither_grant_nor_token(core: Core, held: Held) -> None:
    forum = core.site()
    core.code(held.cookie, forum)
    core.time.move(-5 * SECOND)
    try:
        code = core.code(held.cookie, forum)
        token = core.redeem(code, forum).access_token
        assert core.services.tokens.find_active(token) is not None
    finally:
        core.time.move(5 * SECOND)


# Tokens


def test_a_token_lives_its_ten_minutes_and_no_millisecond_more(core: Core, held: Held) -> None:
    core.time.move(30 * SECOND)
    token = core.redeem(held.code, held.client).access_token
    active = core.services.tokens.find_active(token)
    assert active is not None
    assert active.issued_at == core.time.now // 1000
    assert active.expires_at == core.time.now // 1000 + 600
    core.time.move(600 * SECOND - 1)
    assert core.services.tokens.find_active(token) is not None
    core.time.move(1)
    assert core.services.tokens.find_active(token) is None


def test_a_token_says_whose_it_is_and_for_which_site(core: Core, held: Held) -> None:
    active = core.services.tokens.find_active(held.token)
    assert active is not None
    assert (active.client_id, active.sub, active.sid) == (held.client.client_id, held.user.sub, held.sid)
    assert active.scope == ("openid",)
    assert active.user == held.user


@pytest.mark.parametrize("token", ["", "x", "00" + "a" * 43, "zz" + "a" * 43])
def test_a_foreign_token_is_not_active(core: Core, token: str) -> None:
    assert core.services.tokens.find_active(token) is None


def test_a_code_is_no_token_and_a_token_no_code(core: Core, held: Held) -> None:
    assert core.services.tokens.find_active(held.code) is None
    assert refusal(core, held.token, held.client).reason == "unknown"


def test_a_token_dies_with_its_client(core: Core, held: Held) -> None:
    client = core.site()
    token = core.token(held.cookie, client)
    assert core.services.tokens.find_active(token) is not None
    core.services.clients.remove(client.client_id)
    assert core.services.tokens.find_active(token) is None
