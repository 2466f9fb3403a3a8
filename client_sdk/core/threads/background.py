"""A thread in the background that works in turns, can be woken, and ends with the process or when told."""

import logging
import threading
from collections.abc import Callable

AFTER_A_MISTAKE = 10.0
LONGEST = 24 * 3600.0

log = logging.getLogger("client_sdk")


class BackgroundThread:
    """Does `turn` after `turn`; each returns for how many seconds to rest before the next."""

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        self._name = name
        self._turn = turn
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.is_stopped = False

    def start(self) -> bool:
        """Begin, unless it did; return whether it began. Raises RuntimeError where no thread can."""
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
                # Without it the thread would be gone for good, and nobody would know why sites ask so much.
                log.exception("%s stumbled", self._name)
                pause = AFTER_A_MISTAKE
            self._wake.wait(min(pause, LONGEST))
            self._wake.clear()
