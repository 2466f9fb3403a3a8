"""What a refresh needs of the session, the person and the clock around it, and what it leaves."""

import pytest

from sso_center.core.chains.token import ChainSigner, ChainToken
from sso_center.core.grants import GrantRefused
from tests.harness.core import HOUR, MINUTE, Core
from tests.tokens.conftest import REFRESHING, Holder, hold


@pytest.mark.parametrize("ahead", [-1, 0, 1, 2])
def test_a_guess_that_is_signed_well_is_refused_and_harms_nothing(opaque: Holder, ahead: int) -> None:
    opaque.refresh()
    opaque.refresh()
    signer = ChainSigner(opaque.core.services.keys.cookie_secrets("refresh"), "refresh")
    held = signer.loads(opaque.refresh_token)
    assert held is not None
    guess = signer.dumps(ChainToken(held.chain_id, held.generation - 1 + ahead, "guess"))
    with pytest.raises(GrantRefused) as refused:
        opaque.refresh(guess)
    assert refused.value.reason == ("rollback" if ahead == 2 else "unknown")
    assert not opaque.counts(guess)
    assert opaque.refresh()


def test_a_token_signed_for_another_purpose_is_refused(opaque: Holder) -> None:
    """Whoever has the signing keys, and a token of their own, gets no token of another kind for it."""
    core, services = opaque.core, opaque.core.services
    app = core.site(access_token_format="app")
    cookie = core.open(opaque.user).cookie
    app_token = core.redeem(core.code(cookie, app), app).access_token
    signers = {
        purpose: ChainSigner(services.keys.cookie_secrets(purpose), purpose)
        for purpose in ("session", "refresh", "app")
    }

    def as_another(text: str, own: str, other: str) -> str:
        token = signers[own].loads(text)
        assert token is not None
        return signers[other].dumps(token)

    assert services.tokens.find_active(as_another(cookie, "session", "app")) is None
    assert services.tokens.find_revocable(as_another(cookie, "session", "app")) is None
    assert services.tokens.find_active(as_another(cookie, "session", "refresh")) is None
    assert services.tokens.find_active(as_another(opaque.refresh_token, "refresh", "app")) is None
    assert services.sessions.visit(as_another(opaque.refresh_token, "refresh", "session")).session is None
    for text, own in ((cookie, "session"), (app_token, "app")):
        with pytest.raises(GrantRefused) as refused:
            opaque.refresh(as_another(text, own, "refresh"))
        assert refused.value.reason == "unknown"
        assert services.tokens.find_revocable(as_another(text, own, "refresh")) is None
    assert opaque.refresh()


@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("scope", [("openid",), ("openid", "offline_access")], ids=["bound", "offline"])
def test_a_person_whose_copy_was_lost_is_looked_up(core: Core, form: str, scope: tuple[str, ...]) -> None:
    holder = hold(core, access_token_format=form, scope=scope)
    core.forget_copy(holder.user)
    told = holder.refresh()
    core.forget_copy(holder.user)
    assert holder.counts(told.access_token)
    core.forget_copy(holder.user)
    assert holder.counts(told.refresh_token)


@pytest.mark.parametrize("scope", [("openid",), ("openid", "offline_access")], ids=["bound", "offline"])
def test_a_disabled_person_gets_nothing_while_that_lasts(core: Core, scope: tuple[str, ...]) -> None:
    holder = hold(core, scope=scope)
    told = holder.refresh()
    disabled = core.show_copy(holder.user, is_disabled=True)
    assert not holder.counts(told.access_token)
    assert not holder.counts(told.refresh_token)
    with pytest.raises(GrantRefused):
        holder.refresh()
    core.show_copy(disabled, is_disabled=False)
    assert holder.refresh()


@pytest.mark.parametrize("scope", [("openid",), ("openid", "offline_access")], ids=["bound", "offline"])
def test_voided_refresh_tokens_stay_void_and_access_tokens_are_another_matter(
    core: Core, scope: tuple[str, ...]
) -> None:
    holder = hold(core, scope=scope)
    told = holder.refresh()
    core.show_copy(holder.user, refresh_epoch=1)
    assert not holder.counts(told.refresh_token)
    with pytest.raises(GrantRefused) as refused:
        holder.refresh()
    assert refused.value.reason == "stale"
    assert holder.counts(told.access_token)


def test_a_refresh_counts_as_use_of_the_session(core: Core) -> None:
    holder = hold(core)
    sid = holder.first.authentication.sid
    assert sid is not None
    before = core.record(sid, "session", sid)
    core.time.move(HOUR)
    holder.refresh()
    after = core.record(sid, "session", sid)
    assert int(after["idle_deadline"]) == int(before["idle_deadline"]) + HOUR
    assert int(after["seen"]) == core.time.now


def test_a_host_whose_clock_is_behind_gives_app_tokens_that_count(core: Core) -> None:
    app = core.site(access_token_format="app")
    cookie = core.open(core.person()).cookie
    core.time.move(HOUR)  # past the cut-off with which the shard began
    code = core.code(cookie, app)
    core.time.move(-MINUTE)
    assert core.services.tokens.find_active(core.redeem(code, app).access_token) is not None
    core.time.move(MINUTE)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_host_whose_clock_is_behind_gives_tokens_that_count(core: Core, form: str) -> None:
    user, client = core.person(), core.site(access_token_format=form, grant_types=REFRESHING)
    cookie = core.open(user).cookie
    core.time.move(HOUR)
    code = core.code(cookie, client)
    core.time.move(-MINUTE)
    first = core.redeem(code, client)
    assert first.refresh_token is not None
    holder = Holder(core, user, client, first, first.refresh_token)
    assert holder.counts(first.access_token)
    assert holder.counts(holder.refresh().access_token)
    assert holder.counts(holder.refresh().access_token)
    core.time.move(MINUTE)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_an_access_token_says_when_it_was_issued(core: Core, form: str) -> None:
    holder = hold(core, access_token_format=form)
    core.time.move(HOUR)
    found = core.services.tokens.find_active(holder.refresh().access_token)
    assert found is not None
    assert (found.issued_at, found.expires_at) == (core.time.now // 1000, core.time.now // 1000 + 600)


def test_jwt_access_tokens_are_stored_nowhere(signed: Holder) -> None:
    signed.refresh(signed.refresh_token)
    signed.refresh()
    signed.refresh()
    kept = [key for key in signed.core.services.redis.scan("*:token:*") if key.endswith(":token:")]
    assert kept == []


def test_every_key_of_a_family_expires(core: Core) -> None:
    for scope in (("openid",), ("openid", "offline_access")):
        holder = hold(core, scope=scope)
        holder.refresh()
    app = core.site(access_token_format="app")
    core.redeem(core.code(core.open(core.person()).cookie, app), app)
    core.services.tokens.issue_to_client(app, ())
    assert list(core.services.redis.keys_without_expiry()) == []
