"""The access log: one JSON line for each request, on standard output.

The query string is never in it: codes, states and tokens travel there.
"""

import json
import os
import time
from functools import lru_cache

LONGEST = 400
BATCH = 3500
"""Bytes after which lines are written: fewer than a pipe takes in one piece, so that workers' lines do not
mix."""

STDOUT = 1

_quoted = json.encoder.encode_basestring_ascii


class Batch:
    """Lines that are written together: a write for each line would cost as much as the rest of its work."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        """Add a line; write all when there are enough. Any thread may call this."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= BATCH:
            self.write()

    def write(self) -> None:
        """Write the waiting lines; call it a few times a second, and at the end."""
        lines, self._lines, self._size = self._lines, [], 0
        if not lines:
            return
        try:
            os.write(self._descriptor, ("\n".join(lines) + "\n").encode())
        except OSError:
            # Nobody reads the log any more: no reason to refuse service.
            return


_batch: Batch | None = None


def log_to_stdout() -> None:
    """Write the access log of this process, and of those it forks, to standard output."""
    global _batch  # noqa: PLW0603 - one process, one standard output
    _batch = Batch(STDOUT)


def write_waiting() -> None:
    """Write the waiting lines; call it a few times a second, and before the process ends."""
    if _batch is not None:
        _batch.write()


def log_request(request_id: str, *, method: str, path: str, status: int, began: float, address: str) -> None:
    """Log one request; `began` is from `time.perf_counter`."""
    if _batch is None:
        return
    milliseconds = (time.perf_counter() - began) * 1000
    _batch.add(
        f'{{"time":"{_timestamp()}","logger":"sso_center.access","request_id":"{request_id}",'
        f'"method":{_quoted(method[:LONGEST])},"path":{_quoted(path[:LONGEST])},"status":{status},'
        f'"ms":{milliseconds:.1f},"client":{_quoted(address)}}}'
    )


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _timestamp() -> str:
    nanoseconds = time.time_ns()
    return f"{_second(nanoseconds // 10**9)}.{nanoseconds // 10**6 % 1000:03d}Z"
