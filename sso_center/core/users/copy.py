"""The copy of each user in Redis: what scripts compare and the hot path reads."""

from collections.abc import Sequence

from sso_center.core.users.user import User, user_to_json
from sso_center.storage.redis import Redis, load_script

LIFETIME = 400 * 86_400_000
"""Milliseconds; longer than any session lives. A copy that is gone is refilled from SQL."""

_PUT_USER = load_script(__package__, "lost_roles.lua", "put_user.lua")


def write_copy(redis: Redis, user: User, *, roles_before: Sequence[str] = ()) -> None:
    """Write the user's copy unless a newer one is there. Raises Unavailable.

    `roles_before` are those before the change: what a cut-off took by one of them stays taken.
    """
    arguments = (
        user.sub,
        user.version,
        user.epoch,
        "1" if user.is_disabled else "0",
        _roles(user.roles),
        user_to_json(user),
        LIFETIME,
        user.refresh_epoch,
        user.access_epoch,
        _consents(user),
        _roles(roles_before),
    )
    redis.run(_PUT_USER, user.shard, arguments)


def _roles(roles: Sequence[str]) -> str:
    return f"|{'|'.join(roles)}|" if roles else ""


def _consents(user: User) -> str:
    given = [f"{one.client_id}={' '.join(one.scope)}" for one in user.consents]
    return f"|{'|'.join(given)}|" if given else ""
