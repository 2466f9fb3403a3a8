"""A user, as everything else sees them: no password, no hash."""

import json
from dataclasses import dataclass
from typing import Any

from sso_center.base.secrets import shard_of


@dataclass(frozen=True)
class User:
    """A person's account.

    `version` grows with every change; `epoch` with every change of credentials that must end the
    sessions opened before it.
    """

    sub: str
    username: str
    name: str
    email: str
    roles: tuple[str, ...]
    is_disabled: bool
    must_change_password: bool
    version: int
    epoch: int

    @property
    def shard(self) -> str:
        """The shard that everything of this user lives in."""
        return shard_of(self.sub)

    def has_role(self, role: str) -> bool:
        """Say whether the user has the role."""
        return role in self.roles


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def user_to_json(user: User) -> str:
    """Return the form in which a user is kept in Redis."""
    return _encode(
        [
            user.sub,
            user.username,
            user.name,
            user.email,
            user.roles,
            int(user.is_disabled),
            int(user.must_change_password),
            user.version,
            user.epoch,
        ]
    )


def user_from_json(text: str | bytes) -> User:
    """Return the user that `user_to_json` wrote."""
    stored: list[Any] = json.loads(text)
    return User(
        sub=stored[0],
        username=stored[1],
        name=stored[2],
        email=stored[3],
        roles=tuple(stored[4]),
        is_disabled=bool(stored[5]),
        must_change_password=bool(stored[6]),
        version=stored[7],
        epoch=stored[8],
    )
