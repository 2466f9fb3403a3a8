"""The topology: which server holds a shard, for every way of running Redis; and the simplest of them."""

from collections.abc import Callable
from typing import Protocol

from sso_center.storage.link import Address, Link
from sso_center.storage.nodes import Node


class Topology(Protocol):
    """Knows the server of each shard."""

    def node_for(self, shard: str) -> Node:
        """Return the server that holds `shard`. Raises AwayError."""
        ...

    def node_at(self, address: Address) -> Node:
        """Return the server at an address that another server named."""
        ...

    def primaries(self) -> list[Node]:
        """Return every server that holds shards. Raises AwayError."""
        ...

    def mistrust(self) -> None:
        """Mark the topology as doubtful after a failure or refusal: look again before the next use."""
        ...

    def close(self) -> None:
        """Close all idle connections."""
        ...


class OneServer:
    """All shards on one server (Sentinels may name another one in time)."""

    def __init__(self, connect: Callable[[], Link]) -> None:
        self._node = Node(connect)

    def node_for(self, shard: str) -> Node:
        """Return the one server."""
        return self._node

    def node_at(self, address: Address) -> Node:
        """Return the one server: it never names another."""
        return self._node

    def primaries(self) -> list[Node]:
        """Return the one server."""
        return [self._node]

    def mistrust(self) -> None:
        """Do nothing: each new connection asks again."""

    def close(self) -> None:
        """Close all idle connections."""
        self._node.forget()
