"""A site as the protocol sees it: sends browsers to /authorize, redeems codes, checks ID tokens."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import jwt
import requests

from tests.harness.browser import REDIRECTS, Browser, Page
from tests.harness.loopback import loopback_session

if TYPE_CHECKING:
    from tests.harness.center import Center, Person


@dataclass(frozen=True)
class Attempt:
    """One log-in under way: the address the browser is sent to and what the site keeps meanwhile."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class SignedIn:
    """What a site has once a log-in went through."""

    claims: dict[str, Any]
    id_token: str
    access_token: str
    answer: dict[str, Any]

    @property
    def sid(self) -> str:
        """Return the global session's public id."""
        return str(self.claims["sid"])

    @property
    def sub(self) -> str:
        """Return the person's stable id."""
        return str(self.claims["sub"])


@dataclass(frozen=True)
class Site:
    """A registered client and its credentials; server-to-server calls go out on its own connections."""

    center: "Center"
    client_id: str
    client_secret: str
    redirect_uri: str
    http: requests.Session

    @property
    def auth(self) -> tuple[str, str] | None:
        """Return the credentials for client_secret_basic; None for a public client."""
        return (self.client_id, self.client_secret) if self.client_secret else None

    def attempt(self, **changes: str | None) -> Attempt:
        """Begin a log-in; `changes` replace parameters of /authorize, None leaves one out."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        parameters: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return Attempt(f"{self.center.issuer}/authorize?{query}", state, nonce, verifier)

    def visit(self, browser: Browser, attempt: Attempt | None = None, **changes: str | None) -> Page:
        """Send `browser` to /authorize and follow it: the login page, or the redirect back to this site."""
        first = browser.get((attempt or self.attempt(**changes)).url)
        return browser.follow(first, stop_at=self.redirect_uri)

    def code_for(self, browser: Browser, attempt: Attempt) -> str:
        """Return the code that a browser with a live session brings back."""
        return self.code_in(self.visit(browser, attempt), attempt)

    def code_in(self, page: Page, attempt: Attempt) -> str:
        """Return the code of a redirect back to this site; checks its state and issuer (RFC 9207)."""
        assert page.status in REDIRECTS, f"no redirect back, but {page.status}:\n{page.text[:2000]}"
        assert page.location.startswith(self.redirect_uri), page.location
        assert "error" not in page.query, page.query
        assert page.query["state"] == attempt.state
        assert page.query["iss"] == self.center.issuer
        return page.query["code"]

    def redeem(self, code: str, attempt: Attempt, **changes: str | None) -> requests.Response:
        """Present a code at /token; `changes` replace form fields, None leaves one out."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
            **({} if self.client_secret else {"client_id": self.client_id}),
            **changes,
        }
        return self.post("/token", {name: value for name, value in form.items() if value is not None})

    def post(self, path: str, form: dict[str, str], **options: Any) -> requests.Response:
        """Call one of the center's endpoints as this client."""
        options.setdefault("auth", self.auth)
        return self.http.post(self.center.url(path), data=form, timeout=60, **options)

    def introspect(self, token: str) -> dict[str, Any]:
        """Ask the center about a token."""
        answer = self.post("/introspect", {"token": token})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def is_alive(self, sid: str) -> bool:
        """Ask the center whether a session that this site takes part in is alive."""
        answer = self.http.post(
            self.center.url("/endings/check"), json={"sids": [sid]}, auth=self.auth, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["sids"][sid] == "alive"

    def userinfo(self, access_token: str) -> requests.Response:
        """Fetch /userinfo with an access token."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.http.get(self.center.url("/userinfo"), headers=headers, timeout=60)

    def verify(self, id_token: str, *, nonce: str, access_token: str = "") -> dict[str, Any]:
        """Return the claims of an ID token, checked as OIDC Core 3.1.3.7 asks, by the center's clock."""
        header = jwt.get_unverified_header(id_token)
        keys = jwt.PyJWKSet.from_dict(self.http.get(self.center.url("/jwks.json"), timeout=60).json())
        claims = jwt.decode(
            id_token,
            keys[header["kid"]].key,
            algorithms=[header["alg"]],
            audience=self.client_id,
            issuer=self.center.issuer,
            # The machine's clock is not the center's: the two times are checked below.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": ["iss", "sub", "aud", "exp", "iat", "auth_time", "sid", "nonce"],
            },
        )
        now = self.center.clock.now_ms() / 1000
        assert claims["iat"] <= now + 1, "issued in the future"
        assert claims["exp"] > now, "expired"
        assert claims["nonce"] == nonce
        if access_token:
            assert claims["at_hash"] == at_hash_of(access_token, header["alg"])
        return dict(claims)

    def finish(self, code: str, attempt: Attempt) -> SignedIn:
        """Redeem a code and check what came of it."""
        answer = self.redeem(code, attempt)
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        self.center.secrets |= {code, attempt.verifier}
        self.center.secrets |= {tokens[name] for name in tokens if name.endswith("_token")}
        claims = self.verify(tokens["id_token"], nonce=attempt.nonce, access_token=tokens["access_token"])
        return SignedIn(claims, tokens["id_token"], tokens["access_token"], tokens)

    def sign_in(self, browser: Browser, person: "Person | None" = None, **fields: str) -> SignedIn:
        """Walk the whole way; `person` types name and password when the center asks for them."""
        attempt = self.attempt()
        page = self.visit(browser, attempt)
        if page.status not in REDIRECTS and person is not None:
            answer = browser.log_in(page, person.username, person.password, **fields)
            page = browser.follow(answer, stop_at=self.redirect_uri)
        return self.finish(self.code_in(page, attempt), attempt)


def new_site(center: "Center", client_id: str, client_secret: str, redirect_uri: str) -> Site:
    """Return a site with connections of its own; close them with `site.http.close()`."""
    return Site(center, client_id, client_secret, redirect_uri, loopback_session())


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 section 4.2)."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def at_hash_of(access_token: str, algorithm: str) -> str:
    """Return the at_hash that an ID token signed with `algorithm` carries (OIDC Core 3.1.3.6)."""
    digest = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    whole = digest(access_token.encode()).digest()
    return _base64url(whole[: len(whole) // 2])


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
