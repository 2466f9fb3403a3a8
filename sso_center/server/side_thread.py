"""The side thread: for requests that compute so long that others should not wait behind them."""

import threading
from collections.abc import Callable
from queue import Full, Queue

from sso_center.server.answers import RefusedRequest


class SideThread:
    """One thread, and a queue of at most `depth` waiting pieces of work.

    One, because password checks in two would take both cores from everyone else.
    """

    def __init__(self, depth: int) -> None:
        self._queue: Queue[Callable[[], None]] = Queue(depth)
        threading.Thread(target=self._work, name="side", daemon=True).start()

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` there; it must not raise. Raises Refused (503) when the queue is full."""
        try:
            self._queue.put_nowait(work)
        except Full:
            raise RefusedRequest(503, retry_after=2) from None

    def _work(self) -> None:
        while True:
            self._queue.get()()
