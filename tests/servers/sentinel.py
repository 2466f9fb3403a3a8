"""A primary, its replica, and a Sentinel that minds them; all the embedded Valkey."""

from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis as PlainClient
from redis.exceptions import ResponseError

from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

SERVICE = "center"


class SentinelServers:
    """`primary`, `replica` and `sentinel`; `fail_over` swaps the first two."""

    def __init__(self, folder: Path) -> None:
        self.primary = ValkeyServer(folder / "primary")
        self.replica = ValkeyServer(
            folder / "replica", options={"replicaof": f"127.0.0.1 {self.primary.port}"}
        )
        folder.joinpath("sentinel").mkdir(parents=True)
        # A Sentinel keeps what it learns in its configuration file, so it needs one.
        configuration = folder / "sentinel" / "sentinel.conf"
        configuration.write_text(
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.primary.port} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 500\n"
            f"sentinel failover-timeout {SERVICE} 3000\n"
        )
        self.sentinel = ValkeyServer(folder / "sentinel", arguments=(str(configuration), "--sentinel"))
        self.sentinel.options = {"bind": "127.0.0.1"}

    @property
    def url(self) -> str:
        """The address to give to the center."""
        return f"sentinel://127.0.0.1:{self.sentinel.port}/{SERVICE}"

    def start(self) -> Self:
        """Start all, and return when the Sentinel knows the replica."""
        self.primary.start()
        self.replica.start()
        with self.replica.client() as client:
            eventually(lambda: client.info("replication").get("master_link_status") == "up")
        self.sentinel.start()
        with self._sentinel() as client:
            eventually(lambda: client.sentinel_slaves(SERVICE), what="finding the replica")
        return self

    def fail_over(self) -> None:
        """Make the replica the primary, and return when the Sentinel says so."""
        with self._sentinel() as client:
            eventually(lambda: _accepts_failover(client), what="taking the replica for fit")
            eventually(
                lambda: client.sentinel_get_master_addr_by_name(SERVICE)[1] == self.replica.port,
                what="the failover",
            )

    def _sentinel(self) -> PlainClient:
        return PlainClient(port=self.sentinel.port, decode_responses=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self.sentinel, self.replica, self.primary):
            server.kill()


def _accepts_failover(client: PlainClient) -> bool:
    try:
        client.execute_command("SENTINEL", "FAILOVER", SERVICE)
    except ResponseError as refused:
        if "NOGOODSLAVE" in str(refused):
            return False
        raise
    return True
