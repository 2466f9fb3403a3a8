"""A user as other rooms see it: no password, no hash."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sso_center.base.secrets import shard_of


@dataclass(frozen=True)
class Consent:
    """A person's consent to these scopes for a client; `granted_at` is in milliseconds."""

    client_id: str
    scope: tuple[str, ...]
    granted_at: int


@dataclass(frozen=True)
class User:
    """A person's account.

    `version` grows with every change; `epoch` with every change that must end the sessions opened before
    it, `refresh_epoch` and `access_epoch` with every change that must end refresh and access tokens.
    `profile` is what is shown of the person and told to sites, by the names of its fields; nothing is
    decided by it. `changed_at` (ms) is when the account was last changed.
    """

    sub: str
    username: str
    roles: tuple[str, ...]
    is_disabled: bool
    must_change_password: bool
    version: int
    epoch: int
    refresh_epoch: int = 0
    access_epoch: int = 0
    consents: tuple[Consent, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict, hash=False)
    changed_at: int = 0

    @property
    def name(self) -> str:
        """What the person is called."""
        return str(self.profile.get("name", ""))

    @property
    def email(self) -> str:
        """The e-mail address, or an empty string."""
        return str(self.profile.get("email", ""))

    @property
    def updated_at(self) -> int:
        """When the account was last changed, in seconds, as sites are told it."""
        return self.changed_at // 1000

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


def changed_fields(before: User, after: User) -> list[str]:
    """Return the names of what is shown of a user and differs, without the values."""
    account = [name for name in ("username", "roles") if getattr(before, name) != getattr(after, name)]
    names = {*before.profile, *after.profile}
    return sorted(
        [*account, *(name for name in names if before.profile.get(name) != after.profile.get(name))]
    )


def removed_user(sub: str, version: int) -> User:
    """Return the placeholder of a removed user: nothing of them counts, and no older copy comes back.

    `version` is later than any that the account had; no session or token has an epoch as high.
    """
    return User(
        sub=sub,
        username="",
        roles=(),
        is_disabled=True,
        must_change_password=False,
        version=version,
        epoch=version,
        refresh_epoch=version,
        access_epoch=version,
    )
