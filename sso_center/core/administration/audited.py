"""The audit entry of a change, written in the change's own transaction."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from sso_center.base.actor import Actor
from sso_center.core.audit import Also, Change, Tag, write_audit

T = TypeVar("T")


def audited(tag: Tag, actor: Actor, said: Callable[[Change[T]], dict[str, Any]]) -> Also[T]:
    """Return what writes the entry of a change; `said` returns its `sub`, `client_id`, `sid` and `detail`."""

    def write(connection: Connection, change: Change[T]) -> None:
        write_audit(connection, tag, actor, at=change.at, **said(change))

    return write
