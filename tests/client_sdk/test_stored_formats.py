"""What the SDK stores has names and a version; what 1c80983 stored is read, also beside its processes."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import BadData, URLSafeSerializer

from client_sdk.core.clock import Clock
from client_sdk.core.derived_keys import key_for
from client_sdk.core.errors import LoginFailed
from client_sdk.core.login.attempts import LoginAttempts
from client_sdk.core.sessions.cookie_sessions import MAX_VALUE, CookieSessions
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.position import Position
from client_sdk.core.sessions.redis_sessions import RedisSessions, connect
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.signed_links import Link, LinkHolder, SignedLinks
from client_sdk.core.tokens.stored_tokens import StoredTokens, TokenSealer
from client_sdk.core.web.addresses import AttemptCookies
from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.sites import RunningSite
from tests.harness.browser import Browser
from tests.servers.valkey import ValkeyServer

SETTINGS = Settings(
    issuer="https://sso.example.org", client_id="shop", client_secret="only the shop and the center know"
)
STORED: dict[str, Any] = json.loads((Path(__file__).parent / "stored_by_1c80983.json").read_text())
NOW: int = STORED["now"]
CLOCK = Clock(wall=lambda: NOW, steady=lambda: 0)
ATTEMPTS = AttemptCookies("sso-shop-login-", is_secure=False)
CLAIMS = {
    "sub": "u-7f",
    "name": "李小龙",
    "preferred_username": "bruce",
    "email": "bruce@example.org",
    "roles": ["staff", "actor"],
}
SESSION = LocalSession(
    User.from_claims("3a.sid", CLAIMS),
    NOW / 1000,
    NOW,
    NOW + 8 * 3600 * 1000,
    "hint.of.jwt",
    NOW + 123,
    Position("a1b2", 42),
)


def stored_in(value: str) -> Any:
    return CookieSessions(SETTINGS)._signer.loads(value)


def read_by_1c80983(data: Any) -> tuple[Any, ...] | None:
    """What 1c80983 made of a stored session, word for word; None was nobody, an exception a 500."""
    if not isinstance(data, dict) or data.get("v") not in (1, 2):
        return None
    sub, sid, name, username, email, roles = data["u"]
    good_at = Position.parse(data.get("g"))
    user = (sub, sid, name, username, email, tuple(roles))
    return user, data["i"], data["o"], data["e"], data["t"], data.get("s"), good_at


# What the former version stored


def test_a_session_cookie_of_the_former_version_is_read() -> None:
    assert CookieSessions(SETTINGS).find(STORED["session_cookie"]) == SESSION


def test_a_session_cookie_of_the_first_version_is_read() -> None:
    first = CookieSessions(SETTINGS).find(STORED["first_session_cookie"])
    assert first == replace(SESSION, stamp=None, good_at=None)


def test_a_redis_session_of_the_former_version_is_read(store: ValkeyServer) -> None:
    settings = replace(SETTINGS, client_id="former-redis")
    sessions = RedisSessions(settings, CLOCK, lambda: connect(store.url))
    value = sessions.open(SESSION, NOW)
    with store.client() as client:
        (key,) = client.keys("sso-sdk:{former-redis}:sid:*")
        (field,) = client.hkeys(key)
        client.hset(key, field, STORED["session_in_redis"])
    assert sessions.find(value) == SESSION


def test_a_login_attempt_of_the_former_version_is_finished() -> None:
    former = STORED["attempt"]
    attempts = LoginAttempts(SETTINGS, CLOCK, lambda size: "x" * size)
    attempt = attempts.find(former["state"], {former["name"]: former["cookie"]}, ATTEMPTS)
    assert (attempt.nonce, attempt.return_to, attempt.ended_sid, attempt.started_at) == (
        former["nonce"],
        "/orders?open=1",
        "3a.sid",
        NOW,
    )


def test_sealed_tokens_of_the_former_version_are_opened() -> None:
    tokens = StoredTokens("access", "refresh", NOW + 600_000, 600_000)
    sealer = TokenSealer(SETTINGS)
    assert sealer.open(STORED["tokens"], "3a.sid") == tokens
    assert sealer.open(STORED["tokens"], "another") is None


def test_a_signed_link_of_the_former_version_is_read() -> None:
    path, _, query = STORED["link"].partition("?")
    links = SignedLinks(SETTINGS, lambda: NOW)
    assert links.read(path, query) == Link("u-7f", "3a.sid", NOW / 1000, NOW + 60_000)
    assert links.read("/film/b.mp4", query) is None


# What processes of the former version make of the present form


def test_a_process_of_the_former_version_reads_a_present_session_cookie() -> None:
    read = read_by_1c80983(stored_in(CookieSessions(SETTINGS).open(SESSION, NOW)))
    assert read == read_by_1c80983(stored_in(STORED["session_cookie"]))


def test_a_process_of_the_former_version_reads_a_present_redis_session() -> None:
    assert read_by_1c80983(json.loads(SESSION.dumped())) == read_by_1c80983(
        json.loads(STORED["session_in_redis"])
    )


def test_a_login_attempt_is_unknown_to_a_process_of_the_former_version() -> None:
    _, cookies = LoginAttempts(SETTINGS, CLOCK, lambda size: "x" * size).open("/", "", {}, ATTEMPTS)
    stored = LoginAttempts(SETTINGS, CLOCK, lambda size: "")._signer.loads(cookies[0].value)
    # It unpacks four values; a ValueError is an unknown attempt to it, and its page offers a new login.
    with pytest.raises(ValueError, match="too many values"):
        _, _, _, _ = stored


def test_a_signed_link_is_no_link_to_a_process_of_the_former_version() -> None:
    target = SignedLinks(SETTINGS, lambda: NOW).sign("/a.mp4", 60, LinkHolder("sub", "sid", 1.0))
    former = URLSafeSerializer(key_for("signed link", SETTINGS), salt=b"/a.mp4?")
    with pytest.raises(BadData):
        former.loads(target.partition("sso-link=")[2])


# By name, with a version


@pytest.mark.parametrize("stored", [SESSION.to_json(), json.loads(SESSION.dumped())])
def test_a_stored_session_has_names_and_a_version_and_ignores_names_of_a_newer_one(
    stored: dict[str, Any],
) -> None:
    assert stored["v"] == 2
    assert stored["claims"] == CLAIMS
    del stored["u"]
    assert LocalSession.from_json({**stored, "v": 3, "a newer name": 1}) == SESSION


def test_a_stored_session_of_an_unknown_version_is_nobody() -> None:
    assert LocalSession.from_json({**SESSION.to_json(), "v": 4}) is None


def test_sealed_tokens_and_links_and_attempts_ignore_names_of_a_newer_version() -> None:
    sealer, links = TokenSealer(SETTINGS), SignedLinks(SETTINGS, lambda: NOW)
    tokens = StoredTokens("a", "r", 1, 2)
    assert sealer.open(sealer.seal(tokens, "sid"), "sid") == tokens
    target = links.sign("/a.mp4", 60, LinkHolder("sub", "sid", 1.0))
    assert links.read(*target.split("?")) == Link("sub", "sid", 1.0, NOW + 60_000)


# What does not fit in a cookie


def with_claims(**more: Any) -> LocalSession:
    return replace(SESSION, user=User.from_claims("3a.sid", {**CLAIMS, **more}))


def noise(size: int) -> str:
    """Text that no compression makes much smaller."""
    return random.Random(size).randbytes(size).hex()


def test_claims_of_a_person_reach_a_site_without_code_for_each(
    each_site: RunningSite, center: FakeCenter, browser: Browser
) -> None:
    more = {
        "phone_number": "+49 30 1",
        "phone_number_verified": True,
        "address": {"locality": "Berlin"},
        "groups": ["chess", "围棋"],
        "favourite_colour": "green",
    }
    center.log_in(Person("alice", roles=("staff",), more=more))
    claims = json.loads(each_site.sign_in(browser).text)["claims"]
    assert claims.items() >= more.items()
    assert claims.keys() - more.keys() == {"sub", "name", "preferred_username", "email", "roles"}


def test_a_cookie_gives_up_the_logout_hint_before_any_claim() -> None:
    person = replace(with_claims(picture=noise(400)), id_token=noise(2000))
    stored = stored_in(CookieSessions(SETTINGS).open(person, NOW))
    assert (stored["t"], stored["claims"]) == ("", person.user.claims)


def test_a_cookie_gives_up_the_largest_claims_and_says_so_and_never_the_roles(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sessions = CookieSessions(SETTINGS)
    person = with_claims(picture=noise(2500), address={"formatted": noise(900)}, phone_number="+49 30 1")
    value = sessions.open(person, NOW)
    user = CookieSessions(SETTINGS).find(value).user  # type: ignore[union-attr]
    assert len(value) <= MAX_VALUE
    assert user.claims["phone_number"] == "+49 30 1"
    assert user.claims.keys() >= CLAIMS.keys()
    assert "picture" not in user.claims
    assert user.roles == ("staff", "actor")
    assert "picture; keep sessions in Redis" in caplog.text
    with pytest.raises(LoginFailed):
        sessions.open(with_claims(roles=[noise(5000)]), NOW)
