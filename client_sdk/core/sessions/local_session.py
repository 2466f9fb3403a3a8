"""Who a local session is about, and how it is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from client_sdk.core.sessions.position import Position

VERSION = 2
READABLE = (1, 2, 3)
"""Versions of stored sessions. The next one, 3, leaves out `u`."""


@dataclass(frozen=True, slots=True)
class User:
    """A person as the center described them when they signed in; `sub` is the id that never changes.

    `claims` has everything that the center says of the person, by the names it uses (OIDC Core 5.1): the
    other attributes are the same, with the defaults that pages need.
    """

    sub: str
    sid: str
    name: str
    username: str
    email: str
    roles: tuple[str, ...]
    claims: Mapping[str, Any] = field(hash=False, repr=False)

    @classmethod
    def from_claims(cls, sid: str, claims: Mapping[str, Any]) -> "User":
        """Return the person of a session whose claims have at least `sub`."""
        sub = claims["sub"]
        username = _text(claims, "preferred_username") or sub
        name, email = _text(claims, "name") or username, _text(claims, "email")
        return cls(sub, sid, name, username, email, tuple(claims.get("roles", ())), claims)

    def has_roles(self, *needed: str) -> bool:
        """Say whether this person has all of the `needed` roles."""
        return all(role in self.roles for role in needed)


@dataclass(frozen=True, slots=True)
class LocalSession:
    """What a site keeps of somebody who signed in.

    `issued_at` is when the center said so (seconds, the center's clock); `opened_at` and `expires_at` are
    milliseconds of this site's clock. `id_token` is the hint for signing out, "" when it did not fit.
    `stamp` is what cut-offs are compared with (ms), None where the center sends none. `good_at` is where in
    the center's journal the session was known to be alive when it was opened, None where that is unknown.
    """

    user: User
    issued_at: float
    opened_at: int
    expires_at: int
    id_token: str = field(default="", repr=False)
    stamp: int | None = None
    good_at: Position | None = None

    @property
    def stamped_at_earliest(self) -> int:
        """Return when the center stamped it (ms), at the earliest."""
        return self.stamp if self.stamp is not None else int(self.issued_at * 1000)

    @property
    def stamped_at_latest(self) -> int:
        """Return the same at the latest: a center without stamps gives only the whole second."""
        return self.stamp if self.stamp is not None else int(self.issued_at * 1000) + 999

    def opened_by_steady(self, *, wall: int, steady: int) -> int:
        """Return when it was opened as the steady clock counts, given what both clocks say now (ms)."""
        return steady - (wall - self.opened_at)

    def to_json(self) -> dict[str, Any]:
        """Return the session as plain data.

        `u` repeats six claims by position, as SDK 0.1.0 reads them. Without it such a process would find
        nobody signed in, and send people to the center and back while it runs beside this one.
        """
        user = self.user
        return {
            "v": VERSION,
            "u": [user.sub, user.sid, user.name, user.username, user.email, list(user.roles)],
            "sid": user.sid,
            "claims": dict(user.claims),
            "i": self.issued_at,
            "o": self.opened_at,
            "e": self.expires_at,
            "t": self.id_token,
            "s": self.stamp,
            "g": str(self.good_at) if self.good_at is not None else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> "LocalSession | None":
        """Return the session that `to_json` made the data of, or None when it was another version's."""
        if not isinstance(data, dict) or data.get("v") not in READABLE:
            return None
        user = User.from_claims(data["sid"], data["claims"]) if "claims" in data else _former_user(data["u"])
        good_at = Position.parse(data.get("g"))
        return cls(user, data["i"], data["o"], data["e"], data["t"], data.get("s"), good_at)

    def dumped(self) -> bytes:
        """Return the session as compact JSON."""
        return json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False).encode()


def _former_user(six: Any) -> User:
    names = ("sub", "sid", "name", "preferred_username", "email", "roles")
    claims = dict(zip(names, six, strict=True))
    return User.from_claims(claims.pop("sid"), claims)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
