"""How long the durable store is waited for."""

from dataclasses import dataclass

POOL = 8
"""Idle connections that a process keeps."""


@dataclass(frozen=True)
class Limits:
    """What a transaction may take, in milliseconds; 0 is without limit."""

    lock: int = 2000
    statement: int = 5000
    idle: int = 10_000


DEFAULT = Limits()
PATIENT = Limits(lock=60_000, statement=0, idle=60_000)
"""For migrations."""
