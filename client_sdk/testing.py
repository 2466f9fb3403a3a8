"""A small center for a site's own tests: it signs real tokens, and does what the test says.

    with FakeCenter() as center:                        # a real HTTP server, for real browsers too
        app = create_app(center.issuer, client_id="shop", client_secret="secret")
        center.log_in(Person("alice", roles=("staff",)))
        page = center.sign_in(app.test_client(), "/orders?open=1")

Without `with` nothing listens, and `SSO(app, issuer=center.issuer, transport=center.transport, ...)` talks
to it in memory. It believes every client, and all browsers are one: `log_in` says who is at the keyboard.
"""

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256, sha512
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from client_sdk.core.clock import Clock
from client_sdk.core.errors import Unavailable
from client_sdk.core.login import challenge_of, with_query
from client_sdk.core.logout_token import EVENT
from client_sdk.core.transport import HttpRequest, HttpResponse

Edit = Callable[[dict[str, Any], dict[str, Any]], None]
"""Changes the header and the claims of a token before it is signed."""

_KINDS: dict[str, tuple[Callable[[], Any], Any]] = {
    "ES256": (lambda: generate_private_key(SECP256R1()), ECAlgorithm),
    "EdDSA": (Ed25519PrivateKey.generate, OKPAlgorithm),
    "RS256": (lambda: generate_rsa_key(65537, 2048), RSAAlgorithm),
    "PS256": (lambda: generate_rsa_key(65537, 2048), RSAAlgorithm),
}


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
        self._keys: dict[str, Any] = {}
        self._codes: dict[str, _Code] = {}
        self._alive: dict[str, Person] = {}
        self._current: str | None = None
        self._server: ThreadingHTTPServer | None = None
        self.rotate_key()

    def __enter__(self) -> "FakeCenter":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

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
        generate, _ = _KINDS[self.algorithm]
        self._keys[token_urlsafe(6)] = generate()

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token signed with the newest key, unless `header` names another."""
        kid = header.get("kid", next(reversed(self._keys)))
        return jwt.encode(claims, self._keys[kid], header.get("alg", self.algorithm), {"kid": kid, **header})

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

    def answer(self, method: str, path: str, body: bytes) -> HttpResponse:
        """Answer one server-to-server request."""
        if path == "/.well-known/openid-configuration":
            return _json(200, self._discovery())
        if path == "/jwks.json":
            return _json(200, {"keys": [self._public(kid, key) for kid, key in self._keys.items()]})
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
            "at_hash": _at_hash(access_token, self.algorithm),
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

    def _public(self, kid: str, key: Any) -> dict[str, Any]:
        _, kind = _KINDS[self.algorithm]
        described: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
        return {**described, "kid": kid, "use": "sig", "alg": self.algorithm}

    def _seconds(self) -> int:
        return self._clock.wall() // 1000


def _handler(center: FakeCenter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path == "/authorize":
                self._redirect(center.authorize(self.path))
            elif parts.path == "/logout":
                center.log_out()
                self._redirect(query.get("post_logout_redirect_uri", center.issuer))
            else:
                self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _serve(self, body: bytes) -> None:
            request = HttpRequest(self.command, center.issuer + self.path, {}, body)
            try:
                answer = center.transport(request)
            except Unavailable:
                answer = _json(503, {"error": "temporarily_unavailable"})
            self._send(answer.status, answer.body, {"Content-Type": "application/json"})

        def _redirect(self, target: str) -> None:
            self._send(302, b"", {"Location": target})

        def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _json(status: int, document: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(status, json.dumps(document).encode())


def _at_hash(access_token: str, algorithm: str) -> str:
    digest = (sha512 if algorithm == "EdDSA" else sha256)(access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
