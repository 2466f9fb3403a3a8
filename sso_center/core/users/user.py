"""A user as other rooms see it: no password, no hash."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sso_center.base.secrets import shard_of

FIELDS = ("username", "name", "email", "roles")
"""What an admin changes of a user by hand."""


@dataclass(frozen=True)
class Consent:
    """A person's consent to these scopes for a client; `granted_at` is in milliseconds."""

    client_id: str
    scope: tuple[str, ...]
    granted_at: int


@dataclass(frozen=True)
class User:
    """A person's account.

    `version` grows with every change; `epoch` with every change that must end the sessions opened before it,
    `refresh_epoch` and `access_epoch` with every change that must end refresh and access tokens.
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
    refresh_epoch: int = 0
    access_epoch: int = 0
    consents: tuple[Consent, ...] = ()

    @property
    def shard(self) -> str:
        """The shard that everything of this user lives in."""
        return shard_of(self.sub)

    def has_role(self, role: str) -> bool:
        """Say whether the user has the role."""
        return role in self.roles

    def consent_to(self, client_id: str) -> Consent | None:
        """Return the user's consent for the client, or None."""
        return next((one for one in self.consents if one.client_id == client_id), None)


def lost_roles(before: User, roles: Collection[str]) -> set[str]:
    """Return the roles that a user loses when `roles` are the new ones."""
    return set(before.roles) - set(roles)


def removed_user(sub: str, version: int) -> User:
    """Return the placeholder of a removed user: nothing of them counts, and no older copy comes back.

    `version` is later than any that the account had; no session or token has an epoch as high.
    """
    return User(
        sub=sub,
        username="",
        name="",
        email="",
        roles=(),
        is_disabled=True,
        must_change_password=False,
        version=version,
        epoch=version,
        refresh_epoch=version,
        access_epoch=version,
    )


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def user_to_json(user: User) -> str:
    """Return the form in which a user is stored in Redis."""
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
            user.refresh_epoch,
            user.access_epoch,
            [[one.client_id, one.scope, one.granted_at] for one in user.consents],
        ]
    )


def user_from_json(text: str | bytes) -> User:
    """Return the user that `user_to_json` wrote."""
    stored: list[Any] = json.loads(text)
    # A copy that an older center wrote ends before these.
    later = stored[9:] or [0, 0, ()]
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
        refresh_epoch=later[0],
        access_epoch=later[1],
        consents=tuple(Consent(client_id, tuple(scope), at) for client_id, scope, at in later[2]),
    )
