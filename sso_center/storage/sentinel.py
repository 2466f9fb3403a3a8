"""The primary that Sentinels name, and its successor."""

import os
import threading

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from sso_center.storage.link import Address, Link, Options, open_tcp
from sso_center.storage.topology import OneServer

SENTINEL_PAUSE = 0.5
"""Seconds between two questions to a Sentinel about who is primary."""


class Sentinels:
    """Asks the Sentinels for the primary."""

    def __init__(
        self,
        addresses: tuple[Address, ...],
        service: str,
        *,
        for_sentinels: Options,
        for_primary: Options,
        tls: bool,
    ) -> None:
        self._addresses = addresses
        self._service = service
        self._for_sentinels = for_sentinels
        self._for_primary = for_primary
        self._tls = tls

    def find_primary(self) -> Address:
        """Return the primary that a Sentinel names. Raises what redis-py raises."""
        problem: Exception = RedisConnectionError("no sentinel knows the service")
        for sentinel in self._addresses:
            try:
                link = open_tcp(sentinel, self._for_sentinels, tls=self._tls)
                try:
                    found = link.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
                finally:
                    link.close()
            except (RedisError, OSError) as failed:
                problem = failed
                continue
            if found:
                return found[0], int(found[1])
        raise problem

    def open_primary(self, address: Address) -> Link:
        """Open a connection to the primary."""
        return open_tcp(address, self._for_primary, tls=self._tls)


class SentinelServer(OneServer):
    """All shards on the primary that the Sentinels name.

    An old primary still answers for some ten seconds after a failover, so each process asks every half
    second, in a thread of its own, and drops its connections on a change.
    """

    def __init__(self, sentinels: Sentinels) -> None:
        super().__init__(self._connect)
        self._sentinels = sentinels
        self._primary: Address | None = None
        self._watcher_pid = 0
        self._closed = threading.Event()

    def close(self) -> None:
        """Close all idle connections and stop asking."""
        self._closed.set()
        super().close()

    def _connect(self) -> Link:
        self._primary = self._sentinels.find_primary()
        if self._watcher_pid != os.getpid():
            self._watcher_pid = os.getpid()
            threading.Thread(target=self._watch, name="sentinel-watch", daemon=True).start()
        return self._sentinels.open_primary(self._primary)

    def _watch(self) -> None:
        while not self._closed.wait(SENTINEL_PAUSE):
            try:
                primary = self._sentinels.find_primary()
            except (RedisError, OSError):
                continue
            if primary != self._primary:
                self._primary = primary
                self._node.forget()
