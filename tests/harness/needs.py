"""What a machine may lack, and the reason a test gives when it is skipped for it."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

NODE_CLIENTS = Path(__file__).parent.parent / "clients" / "node"
AXE = NODE_CLIENTS / "node_modules" / "axe-core" / "axe.min.js"


@cache
def chromium_is_missing() -> str:
    """Return why no Chromium can be driven here, or an empty string."""
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return f"{program} is missing; on Debian: apt-get install chromium chromium-driver"
    return ""


@cache
def node_is_missing() -> str:
    """Return why clients written for Node can't run here, or an empty string."""
    if not shutil.which("node"):
        return "node is missing; on Debian: apt-get install nodejs npm"
    if not (NODE_CLIENTS / "node_modules" / "openid-client").is_dir():
        return "openid-client is missing; run npm ci in tests/clients/node"
    return ""


@cache
def axe_is_missing() -> str:
    """Return why pages can't be held against axe-core's rules here, or an empty string."""
    if not AXE.is_file():
        return "axe-core is missing; run npm ci in tests/clients/node"
    return ""


@cache
def postgresql_is_missing() -> str:
    """Return why no PostgreSQL can be started here, or an empty string."""
    if shutil.which("postgres") or list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return ""
    return "postgres is missing; on Debian: apt-get install postgresql"


@cache
def redis_server_is_missing() -> str:
    """Return why no Redis of the distribution can be started here, or an empty string."""
    if shutil.which("redis-server"):
        return ""
    return "redis-server is missing; on Debian: apt-get install redis-server"


@cache
def spin_is_missing() -> str:
    """Return why no model can be checked here, or an empty string."""
    for program in ("spin", "gcc"):
        if not shutil.which(program):
            return f"{program} is missing; on Debian: apt-get install spin gcc libc6-dev"
    return ""


MARKERS: dict[str, Callable[[], str]] = {
    "needs_axe": axe_is_missing,
    "needs_chromium": chromium_is_missing,
    "needs_node": node_is_missing,
    "needs_postgresql": postgresql_is_missing,
    "needs_redis_server": redis_server_is_missing,
    "needs_spin": spin_is_missing,
}
