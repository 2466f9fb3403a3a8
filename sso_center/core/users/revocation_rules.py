"""What a change of a user revokes or invalidates: the rules that an admin can set."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from sso_center.core.users.user import User

_EPOCHS = {"sessions": "epoch", "refresh_tokens": "refresh_epoch", "access_tokens": "access_epoch"}
_ALL = tuple(_EPOCHS)


@dataclass(frozen=True)
class RevocationRules:
    """For each kind of change, which of `sessions`, `refresh_tokens` and `access_tokens` it revokes."""

    role_lost: Collection[str] = ("access_tokens",)
    password_change: Collection[str] = _ALL
    disabled: Collection[str] = _ALL


def invalidate_issued(user: User, kinds: Collection[str]) -> User:
    """Return the user with each kind's epoch raised, which invalidates all of that kind issued so far."""
    raised = {_EPOCHS[kind]: getattr(user, _EPOCHS[kind]) + 1 for kind in kinds}
    return replace(user, **raised)
