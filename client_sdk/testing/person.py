"""People of the fake center."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in at the fake center; `more` holds further claims, such as `phone_number`."""

    username: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    sub: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def claims(self) -> dict[str, Any]:
        """Return what an ID token says of this person."""
        return {
            "sub": self.sub or f"sub-of-{self.username}",
            "name": self.name or self.username.title(),
            "preferred_username": self.username,
            "email": self.email or f"{self.username}@example.org",
            "roles": list(self.roles),
            **self.more,
        }
