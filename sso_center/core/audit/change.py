"""The change of one transaction, for code that writes more in the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


@dataclass(frozen=True)
class Change(Generic[T]):
    """A change at a moment (ms). `before` is None for something new, `after` for something removed."""

    at: int
    before: T | None
    after: T | None


Also = Callable[[Connection, Change[T]], None]
"""Writes what belongs to a change, such as its audit entry; an exception undoes the change."""


def nothing_else(_connection: Connection, _change: Change[T]) -> None:
    """Write nothing."""
