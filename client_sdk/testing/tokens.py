"""The fake center's tokens: opaque ones, JWTs, an app's that rotate, and refresh tokens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any, Literal

from client_sdk.testing.person import Person

Audience = str | tuple[str, ...]
Format = Literal["opaque", "jwt"]
Claims = dict[str, Any]
Edit = Callable[[Claims, Claims], None]
"""Changes the header and the claims of a token before it is signed."""
RETRY_WINDOW = 600
OLD_APP_TOKEN = 60
"""Seconds: a refresh token is answered again, and an app's former token still works, for this long."""


@dataclass
class _Issued:
    """One token: its claims and its family."""

    claims: Claims
    family: str
    is_revoked: bool = False


@dataclass
class _Chain:
    """Tokens that replace each other: `place` is the one in use now."""

    claims: Claims
    tokens: list[str] = field(default_factory=lambda: [_app_token(), _app_token()])
    place: int = 0
    advanced_at: int = 0
    is_due: bool = False


@dataclass
class _Refresh:
    """A refresh token, and the answer it was given when it was used."""

    family: str
    request: Claims
    used_at: int | None = None
    answer: Mapping[str, Any] | None = None


class Tokens:
    """Issues, introspects, refreshes and revokes; `is_alive` knows the sessions, `now` is in seconds."""

    def __init__(
        self, sign: Callable[[Claims, Claims], str], is_alive: Callable[[str], bool], now: Callable[[], int]
    ) -> None:
        self._sign = sign
        self._is_alive = is_alive
        self._now = now
        self._issued: dict[str, _Issued] = {}
        self._chains: dict[str, _Chain] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._revoked_families: set[str] = set()

    def issue(
        self,
        claims: Claims,
        *,
        lifetime: int,
        kind: Format,
        family: str = "",
        edit: Edit | None = None,
    ) -> str:
        """Return an access token that says `claims`; `edit` spoils a JWT before it is signed."""
        now = self._now()
        family = family or token_urlsafe(12)
        whole = {
            **claims,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": f"{family}.{token_urlsafe(4)}",
        }
        header: Claims = {"typ": "at+jwt"}
        signed = {name: value for name, value in whole.items() if name != "username"}
        if edit is not None:
            edit(header, signed)
        token = self._sign(header, signed) if kind == "jwt" else f"00{token_urlsafe(32)}"
        self._issued[token] = _Issued(whole, family)
        return token

    def issue_app(self, claims: Claims, lifetime: int) -> str:
        """Return the first token of an app's chain."""
        now = self._now()
        chain = _Chain({**claims, "iat": now, "exp": now + lifetime, "jti": token_urlsafe(8), "kind": "app"})
        self._chains |= dict.fromkeys(chain.tokens, chain)
        return chain.tokens[0]

    def make_due(self, app_token: str) -> str:
        """Announce the successor of an app's token from now on; return the successor."""
        chain = self._chains[app_token]
        chain.is_due = True
        return chain.tokens[chain.place + 1]

    def introspect(self, token: str) -> Mapping[str, Any]:
        """Answer RFC 7662."""
        if token in self._chains:
            return self._introspect_app(token, self._chains[token])
        issued = self._issued.get(token)
        if issued is None or issued.is_revoked or issued.family in self._revoked_families:
            return {"active": False}
        return self._describe(issued.claims)

    def _introspect_app(self, token: str, chain: _Chain) -> Mapping[str, Any]:
        place, now = chain.tokens.index(token), self._now()
        if place == chain.place + 1 and chain.is_due:
            chain.place, chain.is_due, chain.advanced_at = place, False, now
            chain.tokens.append(_app_token())
            self._chains[chain.tokens[-1]] = chain
        is_former = place == chain.place - 1 and now - chain.advanced_at < OLD_APP_TOKEN
        if place != chain.place and not is_former:
            return {"active": False}
        told = {"successor": chain.tokens[place + 1]} if chain.is_due and not is_former else {}
        described = self._describe(chain.claims)
        return {**described, **told} if described["active"] else described

    def _describe(self, claims: Claims) -> Mapping[str, Any]:
        sid = claims.get("sid")
        if self._now() >= claims["exp"] or (sid is not None and not self._is_alive(sid)):
            return {"active": False}
        return {"active": True, "token_type": "Bearer", **claims}

    def issue_refresh(self, family: str, request: Claims) -> str:
        """Return a refresh token of a family; `refresh` passes `request` on."""
        token = f"00{token_urlsafe(32)}"
        self._refresh[token] = _Refresh(family, request)
        return token

    def refresh(
        self, token: str, answer: Callable[[str, Claims], Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        """Use a refresh token; returns `answer(family, request)`, and the same in the retry window."""
        kept = self._refresh.get(token)
        if kept is None or kept.family in self._revoked_families or not self._is_alive(kept.request["sid"]):
            return None
        if kept.used_at is None:
            kept.used_at, kept.answer = self._now(), answer(kept.family, kept.request)
        elif self._now() - kept.used_at >= RETRY_WINDOW:
            self._revoked_families.add(kept.family)
            return None
        return kept.answer

    def revoke(self, token: str) -> Mapping[str, Any] | None:
        """Revoke a token, with its family when it is a refresh token (RFC 7009).

        Returns what the feed reports, None when there was no such token.
        """
        if token in self._refresh:
            self._revoked_families.add(self._refresh[token].family)
            return {"families": [self._refresh[token].family]}
        if token in self._issued:
            self._issued[token].is_revoked = True
            return {"jti": self._issued[token].claims["jti"]}
        if token in self._chains:
            self._chains[token].claims["exp"] = 0
            return {"families": [self._chains[token].claims["jti"]]}
        return None

    def is_revoked(self, token: str) -> bool:
        """Say whether a refresh token's family was revoked."""
        return self._refresh[token].family in self._revoked_families


def claims_of(client_id: str, scope: str, audience: Audience, person: Person | None = None) -> Claims:
    """Return what a token says that `client_id` holds for a person, or for itself."""
    aud = list(audience) if isinstance(audience, tuple) else audience or client_id
    about = {"client_id": client_id, "aud": aud, "scope": scope}
    if person is None:
        return {"sub": client_id, **about}
    return {"sub": person.claims()["sub"], **about, **present_claims(person)}


def present_claims(person: Person) -> Claims:
    """Return the claims that introspection adds, as of now."""
    return {"username": person.username, "roles": list(person.roles)}


def _app_token() -> str:
    return f"00{token_urlsafe(12)}.0.{token_urlsafe(24)}.{token_urlsafe(12)}"
