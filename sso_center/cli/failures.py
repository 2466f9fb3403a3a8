"""How an expected trouble is told on the command line."""

import os
from urllib.parse import urlsplit

from sso_center.base.errors import SettingsError, SSOError, TooMany, Unavailable
from sso_center.base.settings import Settings, load_settings

EXIT_REFUSED = 1
"""What was asked for can't be done: a name that is taken, a person who is not there."""

EXIT_TROUBLE = 2
"""The settings are wrong, or a store is away."""


def exit_code(trouble: SSOError) -> int:
    """Return the exit code that tells programs what kind of trouble it was."""
    return EXIT_TROUBLE if isinstance(trouble, SettingsError | Unavailable) else EXIT_REFUSED


def explained(trouble: SSOError) -> list[str]:
    """Return the lines that tell a person what is wrong and where."""
    if isinstance(trouble, Unavailable):
        return [_unavailable(trouble)]
    if isinstance(trouble, TooMany):
        return [f"{trouble.message} (in {trouble.retry_after} s)"]
    return trouble.message.splitlines()


def shows_traces() -> bool:
    """Whether the person asked for everything, traces included."""
    return os.environ.get("SSO_LOG_LEVEL", "").lower() == "debug"


def named_redis(settings: Settings) -> str:
    """Return what the hot store is called, without passwords."""
    if settings.redis_url:
        return f"SSO_REDIS_URL ({_without_password(settings.redis_url)})"
    return f"the embedded Redis in {settings.data_dir}"


def named_database(settings: Settings) -> str:
    """Return what the durable store is called, without passwords."""
    if settings.database_url:
        return f"SSO_DATABASE_URL ({_without_password(settings.database_url)})"
    return f"the SQLite database in {settings.data_dir}"


def _unavailable(trouble: Unavailable) -> str:
    what, _, why = trouble.detail.partition(": ")
    try:
        settings = load_settings()
    except SettingsError:
        return f"{trouble.message} {trouble.detail}"
    names = {"redis": named_redis, "sql": named_database}
    if what not in names:
        return f"{trouble.message} {trouble.detail}"
    reason = " ".join(why.split())
    return f"{names[what](settings)} can't be used right now: {reason}"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
