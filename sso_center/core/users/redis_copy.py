"""The copy of each user in Redis: scripts compare it and the hot path reads it."""

from collections.abc import Collection

from sso_center.core.users.stored import user_to_json, user_to_legacy_json
from sso_center.core.users.user import User
from sso_center.storage.redis import Redis, load_script

LIFETIME = 400 * 86_400_000
"""Milliseconds; longer than any session lives. A copy that is gone is refilled from SQL."""

PUT_USER_PARTS = ("sso_center.core.users/cutoffs_of_lost_roles.lua", "sso_center.core.users/put_user.lua")

_PUT_USER = load_script(__package__, *PUT_USER_PARTS)


def write_copy(
    redis: Redis, user: User, *, lost_roles: Collection[str] = (), latest: int | None = None
) -> None:
    """Write the user's copy unless a newer one is there. Raises Unavailable.

    `lost_roles` are those that a change took away: what a cut-off of such a role voided stays void. Cut-offs
    later than `latest` (ms) came after the change.
    """
    redis.run(_PUT_USER, user.shard, copy_arguments(user, lost_roles=lost_roles, latest=latest))


def copy_arguments(
    user: User, *, lost_roles: Collection[str] = (), latest: int | None = None
) -> dict[str, str | int]:
    """Return the arguments of put_user.lua."""
    return {
        "sub": user.sub,
        "version": user.version,
        "epoch": user.epoch,
        "is_disabled": int(user.is_disabled),
        "roles": as_marks(user.roles),
        "claims": user_to_legacy_json(user),
        "user": user_to_json(user),
        "lifetime": LIFETIME,
        "refresh_epoch": user.refresh_epoch,
        "access_epoch": user.access_epoch,
        "consents": _consents(user),
        "lost_roles": as_marks(lost_roles),
        "latest": "" if latest is None else latest,
    }


def as_marks(roles: Collection[str]) -> str:
    """Return roles as scripts look for them: "|a|b|", or ""."""
    return f"|{'|'.join(roles)}|" if roles else ""


def _consents(user: User) -> str:
    given = [f"{one.client_id}={' '.join(one.scope)}" for one in user.consents]
    return f"|{'|'.join(given)}|" if given else ""
