"""The time limits of SQL: how long a connection, a lock and a statement may take."""

from dataclasses import dataclass

POOL = 8
"""Idle connections that a process keeps."""


@dataclass(frozen=True)
class Limits:
    """The limits of a transaction, in milliseconds; 0 means none."""

    lock: int = 2000
    statement: int = 5000
    idle: int = 10_000


DEFAULT = Limits()
PATIENT = Limits(lock=60_000, statement=0, idle=60_000)
"""For migrations."""
