"""The units of work that are counted: a handoff, a check, a refresh, a password login.

Each is a generator that yields requests and is sent the responses, so that one loop can drive many.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, quote, quote_plus, urlencode, urlsplit

import jwt

from benchmarks.browser import Browser
from benchmarks.side import PASSWORD, REDIRECT_URI, Client, Side
from benchmarks.wire import Connection, Origin, RefusedError, Response

T = TypeVar("T")
Unit = Generator[bytes, Response, None]
Tokens = Generator[bytes, Response, dict[str, str]]
LOGIN_PATH = "/login"
"""Where our own center has its login page; the peer has one for each attempt."""


@dataclass(frozen=True)
class Attempt:
    """What a site remembers between sending the browser off and seeing it again."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        return cls(secrets.token_urlsafe(16), secrets.token_urlsafe(16), secrets.token_urlsafe(32))

    def path(self, side: Side, client: Client) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile email",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{side.endpoints.authorize}?{urlencode(query)}"

    def code_in(self, response: Response) -> str:
        location = response.expect(302, 303).header("location")
        if not location.startswith(REDIRECT_URI):
            raise RefusedError(f"sent to {location} instead of back to the site")
        answer = parse_qs(urlsplit(location).query)
        if answer.get("state") != [self.state] or "code" not in answer:
            raise RefusedError(f"not an answer to this request: {location}")
        return answer["code"][0]


def basic(client: Client, accept: str = "application/json") -> str:
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
    return f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\nAccept: {accept}\r\n"


def sign_in(side: Side, browser: Browser, username: str) -> Unit:
    """A password login: from /authorize with no session to the code in the site's hands."""
    attempt = Attempt.new()
    filled = {"username": username, "password": PASSWORD}
    response = yield from browser.walk(attempt.path(side, side.client), REDIRECT_URI, filled)
    attempt.code_in(response)


def log_in(side: Side, browser: Browser, username: str) -> Unit:
    """A password login at our own center's door, for no site: the page, then the form."""
    yield from browser.walk(LOGIN_PATH, "/account", {"username": username, "password": PASSWORD})


def authorize(side: Side, browser: Browser) -> Unit:
    """The half of a handoff that the browser sees: /authorize with a live session, to the code."""
    attempt = Attempt.new()
    attempt.code_in((yield from browser.get(attempt.path(side, side.client))))


def hand_off(side: Side, browser: Browser, client: Client | None = None) -> Tokens:
    """A handoff: /authorize with a live session, then /token with the code. Returns what /token gave.

    To the side's `client`, unless another one is named.
    """
    client = client or side.client
    attempt = Attempt.new()
    code = attempt.code_in((yield from browser.get(attempt.path(side, client))))
    form = (
        f"grant_type=authorization_code&code={code}&code_verifier={attempt.verifier}"
        f"&redirect_uri={quote(REDIRECT_URI, safe='')}"
    )
    answer = yield side.origin.post(side.endpoints.token, form, basic(client))
    tokens: dict[str, str] = json.loads(answer.expect(200).body)
    if "id_token" not in tokens or "access_token" not in tokens:
        raise RefusedError(f"tokens are missing: {answer.body[:300]!r}")
    return tokens


def check(side: Side, access_token: str, client: Client | None = None) -> Unit:
    """A check: introspection of an opaque access token by the site it was given to."""
    answer = yield side.origin.post(
        side.endpoints.introspect, f"token={access_token}", basic(client or side.client)
    )
    if b'"active":true' not in answer.expect(200).body.replace(b" ", b""):
        raise RefusedError(f"a live token is not active: {answer.body[:300]!r}")


def refresh(side: Side, refresh_token: str) -> Tokens:
    """A refresh by the side's `keeper`: the token for its successor. Returns what /token gave."""
    form = f"grant_type=refresh_token&refresh_token={quote(refresh_token, safe='')}"
    answer = yield side.origin.post(side.endpoints.token, form, basic(side.keeper))
    tokens: dict[str, str] = json.loads(answer.expect(200).body)
    if "id_token" not in tokens or "access_token" not in tokens:
        raise RefusedError(f"tokens are missing: {answer.body[:300]!r}")
    if tokens.get("refresh_token", refresh_token) == refresh_token:
        raise RefusedError(f"the refresh token was not rotated: {answer.body[:300]!r}")
    return tokens


@dataclass
class Chain:
    """A refresh token and those that follow it, one at a time."""

    side: Side
    token: str

    def refresh(self) -> Tokens:
        """Go on to the next one. Returns what /token gave."""
        tokens = yield from refresh(self.side, self.token)
        self.token = tokens["refresh_token"]
        return tokens


def drive(side: Side, steps: Generator[bytes, Response, T]) -> T:
    """Run one unit by itself and return what it returns."""
    return drive_at(side.origin, steps)


def drive_at(origin: Origin, steps: Generator[bytes, Response, T]) -> T:
    """Run one unit of requests to any server, on a connection of its own, and return what it returns."""
    connection = Connection(origin)
    try:
        request = next(steps)
        while True:
            request = steps.send(connection.ask(request))
    except StopIteration as done:
        result: T = done.value
        return result
    finally:
        connection.close()


def verify(
    side: Side, tokens: dict[str, str], alg: str, client: Client | None = None, *, is_refreshed: bool = False
) -> dict[str, object]:
    """Check that a handoff, or a refresh, gave a whole, rightly signed ID token; returns its claims."""
    connection = Connection(side.origin)
    keys = jwt.PyJWKSet.from_json(connection.ask(side.origin.get(side.endpoints.jwks)).body.decode())
    connection.close()
    key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
    claims: dict[str, object] = jwt.decode(
        tokens["id_token"],
        key,
        algorithms=[alg],
        audience=(client or side.client).client_id,
        issuer=side.origin.url,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "sid", "auth_time"]},
    )
    # A nonce belongs to what the browser carried: a refreshed token need not have it (OIDC Core 12.2).
    expected = {"name", "preferred_username", "email", "roles"} | (set() if is_refreshed else {"nonce"})
    if missing := expected - claims.keys():
        raise RefusedError(f"{side.name} leaves out {', '.join(sorted(missing))}")
    return claims
