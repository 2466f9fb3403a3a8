"""Neither a dump of Redis, nor the signing keys, nor the logs hold anything that works as a token.

Everything is tried that they yield: every string, as it stands and in pieces; with the signing keys every
combination that has a token's form; and what follows from a string as a token follows from a secret. Tried by
the core itself, in this process and on the center's own stores, as its workers would.

What is not claimed: whoever has the *private* key of JWTs signs JWTs that sites believe until they ask, as
with every issuer. What the center itself asks of such a one is held by the last test: a living session that
the client is in, or a living family, of that very person. And whoever has `secret.key` and SQL has the keys.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sso_center.base.secrets import hashed
from sso_center.core.chains.token import ChainSigner, ChainToken
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRefused, Replayed
from sso_center.core.sessions import Outcome
from sso_center.core.tokens import ReusedApp, ReusedToken
from sso_center.core.tokens.access import TYPE
from sso_center.services import Services
from tests.guarantees.loot import Listening, in_files, in_keys, in_redis, in_sql, words_of
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.hot import Hot
from tests.harness.site import Attempt, Site
from tests.oidc.exchange import CODE_AND_REFRESH, post_token, refresh, refreshed, revoke, tokens_for

DAY, HOUR = 86_400, 3600
PURPOSES = ("session", "refresh", "app")


@dataclass
class Life:
    """What was given out and works, by what it is, and what the thief is given for nothing."""

    center: Center
    works: dict[str, list[str]] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    waiting: tuple[Site, Attempt] | None = None
    heard: str = ""

    def gave(self, what: str, text: str) -> None:
        self.works.setdefault(what, []).append(text)


def live(center: Center, new_browser: Callable[..., Browser]) -> Life:
    """Do everything there is to do, and return what is good at its end."""
    life = Life(center)
    opaque = center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access", "orders"))
    jwt = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format="jwt", scopes=("offline_access",))
    app = center.add_site(access_token_format="app")
    machine = center.add_site(grant_types=("authorization_code", "client_credentials"))
    partner = center.add_site(is_third_party=True)
    browser, person = new_browser(), center.add_person(roles=["staff"])
    browser.log_in(opaque.visit(browser), person.username, "a wrong password")
    opaque.sign_in(browser, person)
    page = browser.follow(browser.get(partner.attempt().url))
    browser.submit(page, "consent-allow")
    for site in (opaque, jwt):
        for scope in ("openid", "openid offline_access"):
            tokens = tokens_for(browser, site, scope=scope)
            again = refreshed(site, tokens["refresh_token"])
            refreshed(site, tokens["refresh_token"])
            tokens = refreshed(site, again["refresh_token"])
            life.gave("access", again["access_token"])
            life.gave("access", tokens["access_token"])
            life.gave("refresh", tokens["refresh_token"])
        assert site.introspect(tokens["access_token"])["active"]
        assert site.userinfo(tokens["access_token"]).status_code == 200
        refresh(site, "x." + tokens["refresh_token"])
        spent = tokens_for(browser, site)
        assert revoke(site, spent["access_token"]).status_code == 200
        assert revoke(site, spent["refresh_token"]).status_code == 200
    token = tokens_for(browser, app, device_id="phone")["access_token"]
    center.move_clock(2 * HOUR)
    life.gave("app", app.introspect(token)["successor"])
    app.introspect(life.works["app"][0])
    life.gave("access", post_token(machine, grant_type="client_credentials").json()["access_token"])
    center.run("sessions", "list")
    elsewhere = new_browser()
    opaque.sign_in(elsewhere, person)
    elsewhere.submit(elsewhere.get(center.url("/logout")), "logout-confirm")
    opaque.visit(browser)
    opaque.visit(browser)
    life.gave("session", browser.cookies_for("sso.localhost")["sso"])
    attempt = machine.attempt()
    life.waiting = (machine, attempt)
    life.gave("code", machine.code_for(browser, attempt))
    for site in (opaque, jwt, app, machine, partner):
        client = center.services.clients.find(site.client_id)
        assert client is not None
        life.clients.append(client)
        life.gave("client secret", site.client_secret)
    return life


@pytest.fixture(scope="module")
def life(new_module_center: Callable[..., Center]) -> Iterator[Life]:
    browsers: list[Browser] = []

    def new_browser() -> Browser:
        browsers.append(Browser())
        return browsers[-1]

    long = str(DAY)
    center = new_module_center(
        settings={"SSO_LOG_LEVEL": "debug", "SSO_SESSION_IDLE": long, "SSO_SESSION_ABSOLUTE": long}
        | {"SSO_GRANT_LIFETIME": "600", "SSO_ACCESS_TOKEN_LIFETIME": long}
    )
    with Listening(center.data_dir) as listening:
        made = live(center, new_browser)
        made.heard = listening.heard
    center.secrets |= {text for texts in made.works.values() for text in texts}
    yield made
    for browser in browsers:
        browser.close()


@dataclass(frozen=True)
class Thief:
    """Tries a text as everything it could be, with all that need not be secret at hand."""

    services: Services
    life: Life

    def opens(self, text: str) -> str:
        """Say as what a text is accepted, be it only to end something; '' when as nothing."""
        for what, try_it in (
            ("session", self._as_cookie),
            ("token", self._as_token),
            ("refresh", self._as_refresh_token),
            ("code", self._as_code),
            ("client secret", self._as_client_secret),
        ):
            if try_it(text):
                return what
        return ""

    def _as_cookie(self, text: str) -> bool:
        visit = self.services.sessions.visit(text)
        return visit.session is not None or visit.outcome is Outcome.REUSE

    def _as_token(self, text: str) -> bool:
        tokens = self.services.tokens
        try:
            return tokens.find_active(text) is not None or tokens.find_revocable(text) is not None
        except ReusedApp:
            return True

    def _as_refresh_token(self, text: str) -> bool:
        if text.count(".") != 3:
            return False  # refused before any store is asked
        return any(self._is_refreshed(text, client) for client in self.life.clients if client.may_refresh)

    def _is_refreshed(self, text: str, client: Client) -> bool:
        try:
            self.services.tokens.refresh(text, client=client, scope=None)
        except GrantRefused as refused:
            return isinstance(refused, ReusedToken)
        return True

    def _as_code(self, text: str) -> bool:
        assert self.life.waiting is not None
        site, attempt = self.life.waiting
        client = next(one for one in self.life.clients if one.client_id == site.client_id)
        try:
            self.services.tokens.redeem(
                text, client=client, redirect_uri=site.redirect_uri, code_verifier=attempt.verifier
            )
        except GrantRefused as refused:
            return isinstance(refused, Replayed)
        return True

    def _as_client_secret(self, text: str) -> bool:
        return any(self.services.clients.authenticate(one.client_id, text) for one in self.life.clients)


@pytest.fixture(scope="module")
def loot(life: Life) -> set[str]:
    """Every string that is anywhere."""
    services = life.center.services
    texts = [*in_redis(services), *in_sql(services), *in_keys(services), life.heard]
    return words_of([*texts, *in_files(life.center.folder)])


@pytest.fixture(scope="module")
def thief(life: Life) -> Thief:
    return Thief(life.center.services, life)


def test_no_stored_string_works_as_a_cookie_code_or_token(thief: Thief, loot: set[str]) -> None:
    assert len(loot) > 1000
    accepted = {text: what for text in sorted(loot) if (what := thief.opens(text))}
    assert not accepted


def test_no_token_forged_with_the_signing_keys_works(thief: Thief, life: Life, loot: set[str]) -> None:
    """Chains are known by name: it is the secret inside that nobody has."""
    services = life.center.services
    chains = chains_in(services)
    assert len(chains) >= 6  # a browser's, an app's, and four that refresh
    tried = 0
    for chain_id, record in chains.items():
        generation = int(record["generation"])
        secrets = secrets_for(record, loot)
        for purpose in PURPOSES:
            signer = ChainSigner(services.keys.cookie_secrets(purpose), purpose)
            for number in (generation - 1, generation, generation + 1):
                for secret in secrets:
                    text = signer.dumps(ChainToken(chain_id, number, secret))
                    assert not thief.opens(text), (purpose, number, secret)
                    tried += 1
    assert tried > 1000


def test_no_access_token_follows_from_what_is_stored(thief: Thief, life: Life, loot: set[str]) -> None:
    """The one of a refresh is made from a key and the refresh token's secret, of which the hash is there."""
    shards = {text[:2] for text in life.works["access"] if "." not in text}
    hashes = [text for text in loot if len(text) in (16, 22, 24, 43, 45, 64)]
    assert len(hashes) > 50
    ours = life.center.services.keys.cookie_secrets("access token")[-1]
    for shard in shards:
        for text in hashes:
            digest = mixed(text, ours)
            for made in (base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), digest.hex(), hashed(text)):
                assert not thief.opens(shard + made)


def test_issued_cookies_codes_and_tokens_work_when_tried_the_same_way(thief: Thief, life: Life) -> None:
    """The control, without which a thief who tries nothing finds nothing. And the tries have hurt nobody."""
    found = {what: {thief.opens(text) for text in texts} for what, texts in life.works.items()}
    token = {"access": "token", "refresh": "token", "app": "token"}
    assert found == {what: {token.get(what, what)} for what in life.works}
    for text in life.works["refresh"]:
        assert thief._as_refresh_token(text)


def test_the_loot_holds_everything_stored(life: Life, loot: set[str]) -> None:
    """The hash of each thing that works was found: it was looked for where it would be."""
    for what, texts in life.works.items():
        for text in texts:
            if text.count(".") != 2:  # a JWT is not stored
                secret = text.split(".")[2] if "." in text else text
                assert hashed(secret) in loot, what


def mixed(secret: str, label: str) -> bytes:
    """Return what would follow from a secret, had it been made from what is stored."""
    return hmac.new(secret.encode(), label.encode(), hashlib.sha256).digest()


def chains_in(services: Services) -> dict[str, dict[str, str]]:
    """Return every chain and what is stored of it."""
    found = {}
    for key in services.redis.scan("*:chain:*"):
        name = key.rpartition(":chain:")[2]
        found[name] = Hot(services.redis).record(key[5:7], "chain", name)
    return found


def secrets_for(record: dict[str, str], loot: set[str]) -> set[str]:
    """Return what might be taken for a secret of a chain, and what follows from that as a secret does."""
    own = {record[name] for name in ("secret", "nonce", "successor", "previous") if name in record}
    own |= {record.get("past", "")[at : at + 16] for at in range(0, len(record.get("past", "")), 16)}
    hashes = {text for text in loot if len(text) in (22, 43, 64) and "." not in text}
    follow = {mixed(text, record["nonce"]).hex() for text in own | set(sorted(hashes)[:30])}
    return own | follow | set(sorted(hashes)[:60]) | {"", record["secret"][:16]}


# What is not claimed, and where it ends


@pytest.fixture
def forge(life: Life) -> Callable[..., str]:
    """Sign a copy of a living JWT with other claims, as who has the private key does: `forge(sub=...)`."""
    services = life.center.services
    claims = next(
        claims
        for text in life.works["access"]
        if (claims := services.keys.verify(text, audience=None, typ=TYPE)) and "sid" in claims
    )

    def sign(**changes: Any) -> str:
        kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        return services.keys.sign(kept, "ES256", TYPE)

    return sign


def test_of_a_forged_jwt_the_center_asks_a_living_session_of_that_person_and_client(
    life: Life, forge: Callable[..., str]
) -> None:
    services, other = life.center.services, life.center.add_person()
    is_active = services.tokens.find_active
    claimed = is_active(forge())
    assert claimed is not None
    stranger = life.center.add_site(grant_types=CODE_AND_REFRESH, scopes=("offline_access",))
    (offline,) = {
        found.family
        for text in life.works["access"]
        if (found := is_active(text)) and found.sid is None and found.client_id == claimed.client_id
    }
    assert is_active(forge(sid=None, jti=f"{offline}.1"))
    (sid,) = {one.sid for one in services.sessions.every() if one.kind == "browser"}
    for changes in (
        {"sub": other.sub},
        {"client_id": stranger.client_id},
        {"sid": sid[:2] + "no-such-session"},
        {"sid": None},
        {"sid": None, "jti": sid[:2] + "0" * 32 + ".1"},
        {"sid": None, "jti": sid[:2] + "0" * 22},
        {"sid": None, "jti": f"{offline}.1", "sub": other.sub},
        {"sid": None, "jti": f"{offline}.1", "client_id": stranger.client_id},
        {"iss": "https://another.example"},
        {"stamp": 1},
        {"epoch": 7},
        {"exp": 1},
    ):
        assert not is_active(forge(**changes)), changes
