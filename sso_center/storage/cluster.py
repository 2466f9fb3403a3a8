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
"""Seconds between two questions to a Cluster about who holds what."""


class Cluster:
    """The shards spread over a Redis Cluster, by the slot of `{shard}`."""

    def __init__(self, seeds: tuple[Address, ...], connect: Callable[[Address], Link]) -> None:
        self._connect = connect
        self._nodes = {address: self._new_node(address) for address in seeds}
        self._seeds = seeds
        self._owners: list[tuple[int, int, Address]] = []
        self._by_shard: dict[str, Node] = {}
        self._looked_at = 0.0
        self._lock = threading.Lock()

    def node_for(self, shard: str) -> Node:
        """Return the primary that owns the shard's slot, asking the Cluster when that is not known."""
        node = self._by_shard.get(shard)
        if node is None:
            node = self._find(shard)
        return node

    def node_at(self, address: Address) -> Node:
        """Return the node at `address`."""
        with self._lock:
            return self._nodes.setdefault(address, self._new_node(address))

    def primaries(self) -> list[Node]:
        """Return every node that owns slots."""
        with self._lock:
            if not self._owners:
                self._look()
            return [self._nodes[address] for address in dict.fromkeys(owner[2] for owner in self._owners)]

    def mistrust(self) -> None:
        """Forget who owns what."""
        with self._lock:
            self._owners = []
            self._by_shard = {}

    def close(self) -> None:
        """Close all idle connections."""
        for node in list(self._nodes.values()):
            node.forget()

    def _find(self, shard: str) -> Node:
        slot = key_slot(shard.encode())
        with self._lock:
            if not self._owners:
                self._look()
            for first, last, address in self._owners:
                if first <= slot <= last:
                    node = self._by_shard[shard] = self._nodes[address]
                    return node
        raise AwayError(f"no node of the cluster owns slot {slot}")

    def _look(self) -> None:
        if time.monotonic() < self._looked_at + REFRESH_PAUSE:
            raise AwayError("the cluster did not know its own shape a moment ago")
        self._looked_at = time.monotonic()
        problem = "no node of the cluster answers"
        for address in dict.fromkeys((*self._nodes, *self._seeds)):
            node = self._nodes.setdefault(address, self._new_node(address))
            try:
                slots = node.exchange(lambda _: packed("CLUSTER", "SLOTS"))
            except (AwayError, RedisError) as failed:
                problem = str(failed)
                continue
            self._owners = _owners_in(slots, address)
            for _, _, owner in self._owners:
                self._nodes.setdefault(owner, self._new_node(owner))
            return
        raise AwayError(problem)

    def _new_node(self, address: Address) -> Node:
        return Node(lambda: self._connect(address))


def _owners_in(slots: list[Any], asked: Address) -> list[tuple[int, int, Address]]:
    # A node that doesn't know its own name answers with none: it is the one we asked.
    return [
        (int(first), int(last), (owner[0] or asked[0], int(owner[1]))) for first, last, owner, *_ in slots
    ]
