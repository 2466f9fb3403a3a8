"""A background thread that works in turns, can be woken, and ends with the process or by `stop`."""

import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

AFTER_A_MISTAKE = 10.0
LONGEST = 24 * 3600.0

log = logging.getLogger("client_sdk")


class BackgroundThread:
    """Calls `turn` again and again; each call returns how many seconds to rest before the next."""

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        self._name = name
        self._turn = turn
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_stopped = False

    def start(self) -> bool:
        """Start unless it runs; return whether it started. Raises RuntimeError when no thread can start."""
        if self.is_stopped or (self._thread is not None and self._thread.is_alive()):
            return False
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        self._thread = thread
        return True

    def wake(self) -> None:
        """End the present rest."""
        self._wake.set()

    def stop(self) -> None:
        """Do no further turn."""
        self.is_stopped = True
        self._wake.set()

    def _run(self) -> None:
        while not self.is_stopped:
            try:
                pause = self._turn()
            except Exception:
                # The thread must survive: without it the site would ask the center at every request.
                log.exception("%s failed", self._name)
                pause = AFTER_A_MISTAKE
            self._wake.wait(min(pause, LONGEST))
            self._wake.clear()


def obstacle() -> str:
    """Return what to set so that threads run in this process, or "" when they do.

    uWSGI without `enable-threads` keeps the interpreter locked between requests: a thread starts there and
    never goes on.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    options = getattr(uwsgi, "opt", None)
    if not isinstance(options, dict):
        return ""
    names = {name.decode() if isinstance(name, bytes) else str(name) for name in options}
    if names & {"enable-threads", "threads", "gevent", "asyncio"}:
        return ""
    return "set enable-threads = true in the settings of uWSGI"
