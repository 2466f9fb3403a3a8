"""The shards spread over a Redis Cluster."""

import threading
import time
from collections.abc import Callable
from typing import Any

from redis.crc import key_slot
from redis.exceptions import RedisError

from sso_center.storage.link import Address, Link, packed
from sso_center.storage.nodes import AwayError, Node

REFRESH_PAUSE = 0.1
"""Seconds between two questions to a Cluster about its slots."""


class Cluster:
    """The shards spread over a Redis Cluster, by the slot of `{shard}`."""

    def __init__(self, seeds: tuple[Address, ...], connect: Callable[[Address], Link]) -> None:
        self._connect = connect
        self._nodes = {address: self._new_node(address) for address in seeds}
        self._owners: list[tuple[int, int, Address]] = []
        self._by_shard: dict[str, Node] = {}
        self._is_mistrusted = True
        self._looked_at = 0.0
        self._lock = threading.Lock()

    def node_for(self, shard: str) -> Node:
        """Return the primary that owns the shard's slot; ask the Cluster when that is in doubt."""
        if self._is_mistrusted:
            self._look_again()
        return self._by_shard.get(shard) or self._find(shard)

    def node_at(self, address: Address) -> Node:
        """Return the node at `address`."""
        with self._lock:
            return self._node(address)

    def primaries(self) -> list[Node]:
        """Return every node that owns slots."""
        if self._is_mistrusted:
            self._look_again()
        with self._lock:
            return [self._node(address) for address in dict.fromkeys(owner[2] for owner in self._owners)]

    def mistrust(self) -> None:
        """Mark the slots as doubtful; the known ones serve on until the Cluster names newer ones."""
        self._is_mistrusted = True

    def close(self) -> None:
        """Close all idle connections."""
        for node in list(self._nodes.values()):
            node.forget()

    def _find(self, shard: str) -> Node:
        slot = key_slot(shard.encode())
        with self._lock:
            for first, last, address in self._owners:
                if first <= slot <= last:
                    node = self._by_shard[shard] = self._node(address)
                    return node
        raise AwayError(f"no node of the cluster owns slot {slot}")

    def _look_again(self) -> None:
        with self._lock:
            if not self._is_mistrusted or time.monotonic() < self._looked_at + REFRESH_PAUSE:
                return
            self._looked_at = time.monotonic()
            for address, node in sorted(self._nodes.items(), key=lambda known: known[1].failed_at):
                try:
                    slots = node.exchange(lambda _: packed("CLUSTER", "SLOTS"))
                except (AwayError, RedisError):
                    continue
                self._owners, self._by_shard = _owners_in(slots, address), {}
                self._is_mistrusted = False
                return

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = self._new_node(address)
        return self._nodes[address]

    def _new_node(self, address: Address) -> Node:
        return Node(lambda: self._connect(address))


def _owners_in(slots: list[Any], asked: Address) -> list[tuple[int, int, Address]]:
    # A node that doesn't know its own name answers with none: it is the one we asked.
    return [
        (int(first), int(last), (owner[0] or asked[0], int(owner[1]))) for first, last, owner, *_ in slots
    ]
