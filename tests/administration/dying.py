"""`sso-center ARGUMENTS` in a process that is killed right after the commit that holds the audit entry.

Nothing is written to Redis any more from there on: SIGKILL is sent by the process to itself, from within the
commit, so that not even the next statement runs.
"""

import os
import signal
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from sso_center.__main__ import main


@event.listens_for(Engine, "before_cursor_execute")
def _look(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if statement.startswith("INSERT INTO audit"):
        connection.info["dies"] = True


@event.listens_for(Engine, "commit")
def _die(connection: Connection) -> None:
    if connection.info.get("dies"):
        connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
