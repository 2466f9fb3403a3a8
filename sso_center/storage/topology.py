"""Which server holds a shard: what all ways of running Redis have in common, and the simplest of them."""

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
        """Take notice that a server was away or refused: look again before the next use."""
        ...

    def close(self) -> None:
        """Close all idle connections."""
        ...


class OneServer:
    """All shards on one server (which it is may change, when Sentinels name it)."""

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
        """Do nothing: each new connection looks by itself."""

    def close(self) -> None:
        """Close all idle connections."""
        self._node.forget()
