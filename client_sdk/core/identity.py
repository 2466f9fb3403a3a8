"""Who a local session is about."""

import json
from dataclasses import dataclass, field
from typing import Any


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
    """

    user: User
    issued_at: float
    opened_at: int
    expires_at: int
    id_token: str = field(default="", repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the session as plain data."""
        user = self.user
        return {
            "v": 1,
            "u": [user.sub, user.sid, user.name, user.username, user.email, list(user.roles)],
            "i": self.issued_at,
            "o": self.opened_at,
            "e": self.expires_at,
            "t": self.id_token,
        }

    @classmethod
    def from_json(cls, data: Any) -> "LocalSession | None":
        """Return the session that `to_json` made the data of, or None when it was another version's."""
        if not isinstance(data, dict) or data.get("v") != 1:
            return None
        sub, sid, name, username, email, roles = data["u"]
        user = User(sub, sid, name, username, email, tuple(roles))
        return cls(user, data["i"], data["o"], data["e"], data["t"])

    def dumped(self) -> bytes:
        """Return the session as compact JSON."""
        return json.dumps(self.to_json(), separators=(",", ":"), ensure_ascii=False).encode()
