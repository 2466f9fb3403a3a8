"""How an expected trouble is told on the command line."""

import os
from urllib.parse import urlsplit

from sso_center.base.errors import SSOError, TooMany, Unavailable

EXIT_TROUBLE = 2


def explained(trouble: SSOError) -> list[str]:
    """Return the lines that tell a person what is wrong and where."""
    if isinstance(trouble, Unavailable):
        return [f"{_stores()} can't be used right now: {trouble.detail or trouble.message}"]
    if isinstance(trouble, TooMany):
        return [f"{trouble.message} (in {trouble.retry_after} s)"]
    return str(trouble.message).splitlines()


def shows_traces() -> bool:
    """Whether the person asked for everything, traces included."""
    return os.environ.get("SSO_LOG_LEVEL", "").lower() == "debug"


def _stores() -> str:
    """Name the stores by what the settings say, without passwords."""
    redis, database = os.environ.get("SSO_REDIS_URL", ""), os.environ.get("SSO_DATABASE_URL", "")
    return f"{_named(redis, 'the embedded Redis')} or {_named(database, 'the SQLite database')}"


def _named(url: str, otherwise: str) -> str:
    if not url:
        return otherwise
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
