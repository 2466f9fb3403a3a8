"""Who a local session is about."""

import json
from dataclasses import dataclass, field
from typing import Any

from client_sdk.core.sessions.position import Position


@dataclass(frozen=True, slots=True)
class User:
    """A person as the center described them when they signed in; `sub` is the id that never changes."""

    sub: str
    sid: str
    name: str
    username: str
    email: str
    roles: tuple[str, ...]

    def has_roles(self, *needed: str) -> bool:
        """Say whether this person has all of the `needed` roles."""
        return all(role in self.roles for role in needed)


@dataclass(frozen=True, slots=True)
class LocalSession:
    """What a site keeps of somebody who signed in.

    `issued_at` is when the center said so (seconds, the center's clock); `opened_at` and `expires_at` are
    milliseconds of this site's clock. `id_token` is the hint for signing out, "" when it did not fit.
    `stamp` is what cut-offs are compared with (ms), None where the center says none. `good_at` is up to where
    in the center's journal the session was known to be alive when it was opened, None where nobody knows.
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
        """Return the same at the latest: a center without stamps told the whole second only."""
        return self.stamp if self.stamp is not None else int(self.issued_at * 1000) + 999

    def opened_by_steady(self, *, wall: int, steady: int) -> int:
        """Return when it was opened as the steady clock counts, given what both clocks say now (ms)."""
        return steady - (wall - self.opened_at)

    def to_json(self) -> dict[str, Any]:
        """Return the session as plain data."""
        user = self.user
        return {
            "v": 2,
            "u": [user.sub, user.sid, user.name, user.username, user.email, list(user.roles)],
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
        if not isinstance(data, dict) or data.get("v") not in (1, 2):
            return None
        sub, sid, name, username, email, roles = data["u"]
        user = User(sub, sid, name, username, email, tuple(roles))
        good_at = Position.parse(data.get("g"))
        return cls(user, data["i"], data["o"], data["e"], data["t"], data.get("s"), good_at)

    def dumped(self) -> bytes:
        """Return the session as compact JSON."""
        return json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False).encode()
