"""Crowds of sessions, each of another person, faster than they could sign in."""

from sso_center.core.sessions import SESSION_PARTS
from sso_center.storage.redis import load_script
from tests.harness.core import DAY, Core

_CROWD = load_script(__package__, *SESSION_PARTS, "crowd.lua")


def crowd_everywhere(core: Core, many: int, *, role: str = "", first: int = 0) -> None:
    """Open so many sessions in every shard, numbered from `first`, of people with a role."""
    asked = {"many": many, "roles": f"|{role}|" if role else "", "life": DAY, "first": first}
    core.services.redis.run_everywhere(_CROWD, asked)


def crowd_in(core: Core, shard: str, many: int) -> None:
    """Open so many sessions in one shard."""
    core.services.redis.run(_CROWD, shard, {"many": many, "roles": "", "life": DAY, "first": 0})
