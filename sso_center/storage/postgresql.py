"""PostgreSQL as the durable store, by psycopg 3."""

import select
import time
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError

from sso_center.storage.limits import POOL, Limits

# A server that vanished silently is noticed within seconds.
_KEEPALIVE = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}

REST_AFTER_FAILURE = 0.5
"""Seconds in which an unreachable server is not tried again, so that others need not wait too."""


def open_postgresql(url: URL, limits: Limits) -> Engine:
    """Return an engine on a server, with our limits for its sessions."""
    engine = create_engine(url, pool_size=POOL, pool_timeout=limits.lock / 1000)
    session = {
        "lock_timeout": limits.lock,
        "statement_timeout": limits.statement,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    rest = _Rest()

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _: Any, args: Any, options: dict[str, Any]) -> Any:
        return rest.around(dialect, args, {**_KEEPALIVE, **options, "options": _with(session, options)})

    @event.listens_for(engine, "checkout")
    def refuse_dead(raw: Any, *_: Any) -> None:
        # Cheaper than a query before each use: a server that went away has closed its end.
        if _has_news(raw.pgconn):
            raise InvalidatePoolError  # and usually all others are closed too

    return engine


def _with(session: dict[str, int], options: dict[str, Any]) -> str:
    ours = " ".join(f"-c {name}={value}" for name, value in session.items())
    return f"{options.get('options', '')} {ours}".strip()


class _Rest:
    """Remembers that the server could not be reached a moment ago."""

    def __init__(self) -> None:
        self._until = 0.0

    def around(self, dialect: Any, args: Any, options: dict[str, Any]) -> Any:
        """Connect, or fail at once while resting."""
        if time.monotonic() < self._until:
            raise dialect.loaded_dbapi.OperationalError("was away a moment ago")
        try:
            return dialect.connect(*args, **options)
        except dialect.loaded_dbapi.OperationalError:
            self._until = time.monotonic() + REST_AFTER_FAILURE
            raise


def _has_news(pgconn: Any) -> bool:
    """Say whether anything waits on an idle connection: its end, or the server's last message before it."""
    from psycopg import Error  # noqa: PLC0415 - loaded by now, where it is used at all

    try:
        poller = select.poll()
        poller.register(pgconn.socket, select.POLLIN)
        return bool(poller.poll(0))
    except (Error, OSError, ValueError):  # closed meanwhile: another is made
        return True
