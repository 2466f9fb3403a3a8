"""A Redis Cluster of three Valkeys, joined by our own commands."""

from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis as PlainClient

from tests.harness.ports import free_port
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer

SLOTS = 16384


class ClusterNode(ValkeyServer):
    """One member, with a second port on which the members talk."""

    def __init__(self, folder: Path) -> None:
        self.bus_port = free_port()
        options = {
            "cluster-enabled": "yes",
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": "2000",
            "cluster-require-full-coverage": "no",
            "cluster-port": str(self.bus_port),
        }
        super().__init__(folder, options=options)


class ClusterServers:
    """Primaries that share the slots evenly; `add_replica` gives one of them a replica."""

    def __init__(self, folder: Path, *, size: int = 3) -> None:
        self.folder = folder
        self.nodes = [ClusterNode(folder / str(n)) for n in range(size)]

    @property
    def url(self) -> str:
        """The address to give to the center."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> Self:
        """Start all nodes, and return when each of them sees the whole cluster in order."""
        for node in self.nodes:
            node.start()
        share = -(-SLOTS // len(self.nodes))
        for n, node in enumerate(self.nodes):
            with node.client() as client:
                last = min((n + 1) * share, SLOTS) - 1
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", n * share, last)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
                if n:
                    self._meet(client)
        eventually(self._is_whole, what="the cluster's agreement")
        return self

    def add_replica(self, of: int) -> ClusterNode:
        """Start one more node that copies an existing one, and return it when it has."""
        replica = ClusterNode(self.folder / str(len(self.nodes))).start()
        with self.nodes[of].client() as client:
            primary = client.execute_command("CLUSTER", "MYID")
        self.nodes.append(replica)
        with replica.client() as client:
            self._meet(client)
            eventually(lambda: primary in str(client.execute_command("CLUSTER", "NODES")))
            client.execute_command("CLUSTER", "REPLICATE", primary)
            eventually(lambda: client.info("replication").get("master_link_status") == "up")
        eventually(self._is_whole, what="the cluster's agreement")
        return replica

    def _meet(self, client: PlainClient) -> None:
        client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].bus_port)

    def _is_whole(self) -> bool:
        return all(self._sees_all(node) for node in self.nodes)

    def _sees_all(self, node: ClusterNode) -> bool:
        with node.client() as client:
            info = client.cluster("INFO")
        return info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(len(self.nodes))

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            node.kill()
