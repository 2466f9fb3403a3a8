"""The embedded server of a center, asked from outside: what it holds, and what of its work is still to do."""

import time
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.processes import pss
from sso_center.storage.embedded import EmbeddedServer

BUSY = ("loading", "aof_rewrite_in_progress", "aof_rewrite_scheduled", "lazyfree_pending_objects")
"""What INFO counts that goes on after the last command was answered."""

NOTED_FROM = 1000
"""Microseconds from which a command is noted as slow."""


class HotStore:
    """The Redis of the data folder `data`."""

    def __init__(self, data: Path) -> None:
        self._redis = Redis(
            unix_socket_path=str(EmbeddedServer(data).socket_path), decode_responses=True, socket_timeout=20
        )

    def told(self, section: str) -> dict[str, Any]:
        """Return a section of INFO."""
        return dict(self._redis.info(section))

    def settle(self, *, at_most: float = 300.0) -> None:
        """Wait until nothing is rewritten or freed in the background."""
        deadline = time.monotonic() + at_most
        while any(self.told("everything").get(name) for name in BUSY):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the store is still busy after {at_most:g} seconds")
            time.sleep(0.5)

    def used_bytes(self) -> int:
        """Bytes that the server has taken for what it holds, indexes included."""
        return int(self.told("memory")["used_memory"])

    def resident_bytes(self) -> int:
        """Bytes of memory that the server's process has, by the kernel's account."""
        return pss(int(self.told("server")["process_id"]))

    def forget_figures(self) -> None:
        """Begin anew with what is counted of commands, and with noting the slow ones."""
        self._redis.config_resetstat()
        self._redis.config_set("slowlog-log-slower-than", NOTED_FROM)
        self._redis.slowlog_reset()

    def slowest_ms(self) -> float:
        """The longest that one command kept all others waiting since then; 0 when none took a millisecond."""
        noted = self._redis.slowlog_get(128)
        return max((int(one["duration"]) for one in noted), default=0) / 1e3
