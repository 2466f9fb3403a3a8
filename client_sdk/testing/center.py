"""The fake center itself: its people, its sessions, and what it answers."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from client_sdk.core.clock import Clock
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import HttpRequest, HttpResponse
from client_sdk.core.login.id_token import at_hash
from client_sdk.core.login.logout_token import EVENT
from client_sdk.core.login.redirects import challenge_of, with_query
from client_sdk.testing.journal import Journal
from client_sdk.testing.keys import SigningKeys
from client_sdk.testing.person import Person
from client_sdk.testing.server import Server
from client_sdk.testing.tokens import Audience, Edit, Format, Tokens, claims_of, present_claims
from client_sdk.testing.wire import client_of, discovery, json_answer


@dataclass
class _Code:
    claims: dict[str, Any]
    sid: str
    request: Mapping[str, str] = field(repr=False)


class FakeCenter:
    """A center in memory. Attributes that a test may set: `is_away`, `edit_id_token`, `delay`.

    `access_token_format`, `token_lifetime` (seconds), `gives_refresh_tokens` and `token_audience` decide
    what a login gives. `requests` lists the paths of all server-to-server requests, `asked` the sids of
    each question, `tokens_asked` the tokens, and `refreshed` the refresh tokens that were presented. What
    sites ask of the feed of endings in the background stands apart, in `feed_asked`. The feed tells of
    `journal`, and `has_feed` says whether the center has one at all.
    """

    def __init__(self, *, algorithm: str = "ES256", clock: Clock | None = None) -> None:
        self.issuer = "http://sso.localhost"
        self.algorithm = algorithm
        self.is_away = False
        self.edit_id_token: Edit | None = None
        self.delay: Callable[[str], None] | None = None
        self.access_token_format: Format = "opaque"  # noqa: S105 - a kind
        self.token_lifetime = 600
        self.gives_refresh_tokens = False
        self.token_audience: Audience = ""
        self.requests: list[str] = []
        self.tokens_asked: list[str] = []
        self.refreshed: list[str] = []
        self.asked: list[list[str]] = []
        self.feed_asked: list[str] = []
        self._clock = clock or Clock()
        self._keys = SigningKeys(algorithm)
        self._codes: dict[str, _Code] = {}
        self._alive: dict[str, Person] = {}
        self._left: set[tuple[str, str]] = set()
        self._cut_off_at = 0
        self._asking = threading.local()
        self._current: str | None = None
        self.has_feed = True
        self.journal = Journal(
            lambda: self.issuer,
            self._clock.wall,
            lambda: self.has_feed,
            lambda: self.is_away or self._server is None,
        )
        self._tokens = Tokens(self.sign, self._alive.__contains__, self._seconds)
        self._server: Server | None = None

    def __enter__(self) -> "FakeCenter":
        self._server = Server(self._serve, self._send)
        self.issuer = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        server, self._server = self._server, None
        server.close()

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
        """End a global session: the feed reports it. Notify sites with `logout_token`, or let them ask."""
        person = self._alive.pop(sid, None)
        if sid == self._current:
            self._current = None
        if person is not None:
            self.journal.session_ended(sid, person.claims()["sub"])

    def leave(self, sid: str, client_id: str) -> None:
        """Remove one client from a session; the next login at that client joins it again."""
        self._left.add((sid, client_id))
        self.journal.session_ended(sid, self._alive[sid].claims()["sub"], client_id)

    def cut_off(self, *, sub: str = "", client_id: str = "", role: str = "") -> None:
        """Revoke whatever was stamped so far: of a user, a client, a role, or everyone."""
        self._cut_off_at = self._stamp()
        for sid, person in list(self._alive.items()):
            if client_id:
                self._left.add((sid, client_id))
            elif (not sub or person.claims()["sub"] == sub) and (not role or role in person.roles):
                del self._alive[sid]
        if self._current not in self._alive:
            self._current = None
        self.journal.cut_off(self._cut_off_at, sub=sub, client_id=client_id, role=role)

    def logout_token(self, client_id: str, *, sid: str = "", sub: str = "", edit: Edit | None = None) -> str:
        """Return a logout token to post to a site's `/sso/backchannel-logout`."""
        now = self._seconds()
        header: dict[str, Any] = {"typ": "logout+jwt"}
        claims = {"iss": self.issuer, "aud": client_id, "iat": now, "exp": now + 120}
        claims |= {"jti": token_urlsafe(12), "events": {EVENT: {}}}
        claims |= {name: value for name, value in (("sid", sid), ("sub", sub)) if value}
        if edit is not None:
            edit(header, claims)
        return self.sign(header, claims)

    def rotate_key(self) -> None:
        """Sign with a fresh key from now on; the former stays in the key set."""
        self._keys.rotate()

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token signed with the newest key, unless `header` names another."""
        return self._keys.sign(header, claims)

    def describe(self, person: Person) -> None:
        """Change the claims of the person at the keyboard, such as the roles."""
        self._alive[self._at_keyboard()] = person
        self.journal.user_changed(person.claims()["sub"], "user_changed")

    def access_token(
        self,
        client_id: str,
        *,
        scope: str = "",
        audience: Audience = "",
        kind: Format | None = None,
        edit: Edit | None = None,
    ) -> str:
        """Return an access token of the person at the keyboard, held by `client_id`; `edit` spoils a JWT."""
        about = self._about(self._at_keyboard(), client_id, scope, audience)
        kind = kind or self.access_token_format
        return self._tokens.issue(about, lifetime=self.token_lifetime, kind=kind, edit=edit)

    def client_token(self, client_id: str, *, scope: str = "", audience: Audience = "") -> str:
        """Return an access token that a client has for itself."""
        about = {**claims_of(client_id, scope, audience), "iss": self.issuer}
        return self._tokens.issue(about, lifetime=self.token_lifetime, kind=self.access_token_format)

    def app_token(self, client_id: str, *, scope: str = "", audience: Audience = "") -> str:
        """Return the rotating token of an app in which the person at the keyboard signed in."""
        about = self._about(self._at_keyboard(), client_id, scope, audience)
        return self._tokens.issue_app(about, 90 * 86400)

    def make_due(self, app_token: str) -> str:
        """Announce the successor of an app's token from now on; return the successor."""
        return self._tokens.make_due(app_token)

    def revoke(self, token: str) -> None:
        """Revoke a token; with a refresh token its whole family."""
        said = self._tokens.revoke(token)
        if said is not None:
            self.journal.tokens_revoked(said)

    def is_revoked(self, refresh_token: str) -> bool:
        """Say whether a refresh token was revoked."""
        return self._tokens.is_revoked(refresh_token)

    # What a browser does

    def authorize(self, address: str) -> str:
        """Answer a site's login request; return the address to which the browser is sent."""
        request = dict(parse_qsl(urlsplit(address).query))
        answer = {"state": request["state"], "iss": self.issuer}
        if self._current is None:
            return with_query(request["redirect_uri"], {**answer, "error": "login_required"})
        self._left.discard((self._current, request["client_id"]))
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

    def transport(self, request: HttpRequest) -> HttpResponse:
        """Answer a site's server without a network. Raises Unavailable while the center is away."""
        parts = urlsplit(request.url)
        (self.feed_asked if parts.path == "/endings" else self.requests).append(parts.path)
        if self.delay is not None:
            self.delay(parts.path)
        if self.is_away:
            raise Unavailable("center_unreachable", "The fake center is away.")
        if request.method == "GET" and parts.path == "/endings":
            return self.journal.answer(parts.query)
        self._asking.client_id = client_of(request.headers)
        return self.answer(request.method, parts.path, request.body or b"")

    def _serve(
        self, method: str, address: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpResponse | Iterator[bytes]:
        parts = urlsplit(address)
        if parts.path == "/endings" and "text/event-stream" in headers.get("Accept", ""):
            return self.journal.stream(parts.query)
        try:
            return self.transport(HttpRequest(method, self.issuer + address, headers, body))
        except Unavailable:
            return json_answer(503, {"error": "temporarily_unavailable"})

    def answer(self, method: str, path: str, body: bytes) -> HttpResponse:
        """Answer one server-to-server request, except about the feed."""
        if path == "/.well-known/openid-configuration":
            return json_answer(200, discovery(self.issuer))
        if path == "/jwks.json":
            return json_answer(200, {"keys": self._keys.public()})
        posts = {
            "/token": self._token,
            "/introspect": self._introspect,
            "/revoke": self._revoke,
            "/endings/check": self._check,
        }
        if method == "POST" and path in posts:
            return posts[path](body)
        return json_answer(404, {"error": "not_found"})

    def _check(self, body: bytes) -> HttpResponse:
        client_id = self._asking.client_id
        sids = json.loads(body)["sids"]
        self.asked.append(sids)
        position = self.journal.position()
        alive = {sid for sid in sids if sid in self._alive and (sid, client_id) not in self._left}
        said = {sid: "alive" if sid in alive else "ended" for sid in sids}
        return json_answer(200, {"sids": said, "position": position})

    def _token(self, body: bytes) -> HttpResponse:
        form = dict(parse_qsl(body.decode()))
        return self._refresh(form) if form.get("grant_type") == "refresh_token" else self._redeem(form)

    def _introspect(self, body: bytes) -> HttpResponse:
        token = dict(parse_qsl(body.decode()))["token"]
        self.tokens_asked.append(token)
        said = self._tokens.introspect(token)
        if (said.get("sid"), said.get("client_id")) in self._left:
            return json_answer(200, {"active": False})
        person = self._alive.get(said.get("sid", ""))
        return json_answer(200, said if person is None else {**said, **present_claims(person)})

    def _revoke(self, body: bytes) -> HttpResponse:
        self.revoke(dict(parse_qsl(body.decode()))["token"])
        return json_answer(200, {})

    def _redeem(self, form: Mapping[str, str]) -> HttpResponse:
        grant = self._codes.pop(form.get("code", ""), None)
        if (
            grant is None
            or grant.request["redirect_uri"] != form.get("redirect_uri")
            or grant.request["code_challenge"] != challenge_of(form.get("code_verifier", ""))
        ):
            return json_answer(400, {"error": "invalid_grant"})
        family = token_urlsafe(12)
        about = {"sid": grant.sid, **{name: grant.request[name] for name in ("client_id", "scope")}}
        tokens = self._new_tokens(family, about)
        return json_answer(200, {**tokens, "id_token": self._id_token(grant, tokens["access_token"])})

    def _refresh(self, form: Mapping[str, str]) -> HttpResponse:
        self.refreshed.append(form.get("refresh_token", ""))
        answer = self._tokens.refresh(self.refreshed[-1], self._new_tokens)
        return json_answer(400, {"error": "invalid_grant"}) if answer is None else json_answer(200, answer)

    def _new_tokens(self, family: str, request: dict[str, Any]) -> dict[str, Any]:
        about = self._about(request["sid"], request["client_id"], request["scope"], self.token_audience)
        kind, lifetime = self.access_token_format, self.token_lifetime
        token = self._tokens.issue(about, lifetime=lifetime, kind=kind, family=family)
        answer = {"token_type": "Bearer", "expires_in": lifetime, "access_token": token}
        if self.gives_refresh_tokens:
            answer["refresh_token"] = self._tokens.issue_refresh(family, request)
        return answer

    def _about(self, sid: str, client_id: str, scope: str, audience: Audience) -> dict[str, Any]:
        return {**claims_of(client_id, scope, audience, self._alive[sid]), "iss": self.issuer, "sid": sid}

    def _id_token(self, grant: _Code, access_token: str) -> str:
        now = self._seconds()
        header: dict[str, Any] = {"typ": "JWT"}
        claims = {
            **grant.claims,
            "iss": self.issuer,
            "aud": grant.request["client_id"],
            "iat": now,
            "stamp": self._stamp(),
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

    def _at_keyboard(self) -> str:
        assert self._current is not None, "nobody is logged in"
        return self._current

    def _seconds(self) -> int:
        return self._clock.wall() // 1000

    def _stamp(self) -> int:
        # Always later than the last cut-off, whatever the clock says, so that "before" and "after" are exact.
        return max(self._clock.wall(), self._cut_off_at + 1)
