"""The fake center itself: its people, its sessions, and what it answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from client_sdk.core.clock import Clock
from client_sdk.core.errors import Unavailable
from client_sdk.core.login import challenge_of, with_query
from client_sdk.core.logout_token import EVENT
from client_sdk.core.transport import HttpRequest, HttpResponse
from client_sdk.testing.keys import SigningKeys, at_hash
from client_sdk.testing.server import Server

Edit = Callable[[dict[str, Any], dict[str, Any]], None]
"""Changes the header and the claims of a token before it is signed."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in at the fake center."""

    username: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    sub: str = ""

    def claims(self) -> dict[str, Any]:
        """Return what an ID token says of this person."""
        return {
            "sub": self.sub or f"sub-of-{self.username}",
            "name": self.name or self.username.title(),
            "preferred_username": self.username,
            "email": self.email or f"{self.username}@example.org",
            "roles": list(self.roles),
        }


@dataclass
class _Code:
    claims: dict[str, Any]
    sid: str
    request: Mapping[str, str] = field(repr=False)


class FakeCenter:
    """A center in memory. Attributes that a test may set: `is_away`, `edit_id_token`, `delay`.

    `requests` lists the paths of all server-to-server requests, `asked` the sids of each question.
    """

    def __init__(self, *, algorithm: str = "ES256", clock: Clock | None = None) -> None:
        self.issuer = "http://sso.localhost"
        self.algorithm = algorithm
        self.is_away = False
        self.edit_id_token: Edit | None = None
        self.delay: Callable[[str], None] | None = None
        self.requests: list[str] = []
        self.asked: list[list[str]] = []
        self._clock = clock or Clock()
        self._keys = SigningKeys(algorithm)
        self._codes: dict[str, _Code] = {}
        self._alive: dict[str, Person] = {}
        self._current: str | None = None
        self._server: Server | None = None

    def __enter__(self) -> "FakeCenter":
        self._server = Server(self._serve, self._send)
        self.issuer = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    # What a test tells the center

    def log_in(self, person: Person) -> str:
        """Open a global session for the browser, and return its sid."""
        self._current = token_urlsafe(12)
        self._alive[self._current] = person
        return self._current

    def log_out(self) -> None:
        """End the browser's global session."""
        if self._current is not None:
            self.end(self._current)

    def end(self, sid: str) -> None:
        """End a global session. Tell sites with `logout_token`, or let them ask."""
        self._alive.pop(sid, None)
        if sid == self._current:
            self._current = None

    def logout_token(self, client_id: str, *, sid: str = "", sub: str = "", edit: Edit | None = None) -> str:
        """Return a logout token to post to a site's `/sso/backchannel-logout`."""
        now = self._seconds()
        header, claims = (
            {"typ": "logout+jwt"},
            {
                "iss": self.issuer,
                "aud": client_id,
                "iat": now,
                "exp": now + 120,
                "jti": token_urlsafe(12),
                "events": {EVENT: {}},
                **({"sid": sid} if sid else {}),
                **({"sub": sub} if sub else {}),
            },
        )
        if edit is not None:
            edit(header, claims)
        return self.sign(header, claims)

    def rotate_key(self) -> None:
        """Sign with a fresh key from now on; the former stays in the key set."""
        self._keys.rotate()

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token signed with the newest key, unless `header` names another."""
        return self._keys.sign(header, claims)

    # What a browser does

    def authorize(self, address: str) -> str:
        """Answer a site's login request as the browser's person; returns where the browser is sent."""
        request = dict(parse_qsl(urlsplit(address).query))
        answer = {"state": request["state"], "iss": self.issuer}
        if self._current is None:
            return with_query(request["redirect_uri"], {**answer, "error": "login_required"})
        code = token_urlsafe(16)
        self._codes[code] = _Code(self._alive[self._current].claims(), self._current, request)
        return with_query(request["redirect_uri"], {**answer, "code": code})

    def sign_in(self, browser: Any, path: str = "/") -> Any:
        """Open `path` with a Flask test client, walk through the login, and return the page it leads to."""
        sent = browser.get(path)
        back = browser.get(self.authorize(sent.headers["Location"]))
        return browser.get(back.headers["Location"]) if "Location" in back.headers else back

    def _send(self, address: str) -> str | None:
        parts = urlsplit(address)
        if parts.path == "/authorize":
            return self.authorize(address)
        if parts.path == "/logout":
            self.log_out()
            return dict(parse_qsl(parts.query)).get("post_logout_redirect_uri", self.issuer)
        return None

    # What a site's server gets

    @property
    def transport(self) -> Callable[[HttpRequest], HttpResponse]:
        """The way here without a network."""
        return self._carry

    def _carry(self, request: HttpRequest) -> HttpResponse:
        parts = urlsplit(request.url)
        self.requests.append(parts.path)
        if self.delay is not None:
            self.delay(parts.path)
        if self.is_away:
            raise Unavailable("center_unreachable", "The fake center is away.")
        return self.answer(request.method, parts.path, request.body or b"")

    def _serve(self, method: str, address: str, body: bytes) -> HttpResponse:
        try:
            return self.transport(HttpRequest(method, self.issuer + address, {}, body))
        except Unavailable:
            return _json(503, {"error": "temporarily_unavailable"})

    def answer(self, method: str, path: str, body: bytes) -> HttpResponse:
        """Answer one server-to-server request."""
        if path == "/.well-known/openid-configuration":
            return _json(200, self._discovery())
        if path == "/jwks.json":
            return _json(200, {"keys": self._keys.public()})
        if (method, path) == ("POST", "/token"):
            return self._redeem({name: values[0] for name, values in parse_qs(body.decode()).items()})
        if (method, path) == ("POST", "/endings/check"):
            sids = json.loads(body)["sids"]
            self.asked.append(sids)
            said = {sid: "alive" if sid in self._alive else "ended" for sid in sids}
            return _json(200, {"sids": said, "position": "fake:0"})
        return _json(404, {"error": "not_found"})

    def _redeem(self, form: Mapping[str, str]) -> HttpResponse:
        grant = self._codes.pop(form.get("code", ""), None)
        if (
            grant is None
            or grant.request["redirect_uri"] != form.get("redirect_uri")
            or grant.request["code_challenge"] != challenge_of(form.get("code_verifier", ""))
        ):
            return _json(400, {"error": "invalid_grant"})
        access_token = token_urlsafe(24)
        return _json(
            200,
            {
                "token_type": "Bearer",
                "expires_in": 600,
                "access_token": access_token,
                "id_token": self._id_token(grant, access_token),
            },
        )

    def _id_token(self, grant: _Code, access_token: str) -> str:
        now = self._seconds()
        header: dict[str, Any] = {"typ": "JWT"}
        claims = {
            **grant.claims,
            "iss": self.issuer,
            "aud": grant.request["client_id"],
            "iat": now,
            "exp": now + 600,
            "auth_time": now,
            "nonce": grant.request["nonce"],
            "sid": grant.sid,
            "amr": ["pwd"],
            "at_hash": at_hash(access_token, self.algorithm),
        }
        if self.edit_id_token is not None:
            self.edit_id_token(header, claims)
        return self.sign(header, claims)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks.json",
            "end_session_endpoint": f"{self.issuer}/logout",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _seconds(self) -> int:
        return self._clock.wall() // 1000


def _json(status: int, document: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(status, json.dumps(document).encode())
