"""Which server holds a shard: one server, the one that Sentinels name, or one of a Cluster."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.connection import parse_url
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from sso_center.base.errors import SettingsError
from sso_center.storage.link import Address, Link, check_options, open_tcp, open_unix, packed
from sso_center.storage.nodes import AwayError, Node

REFRESH_PAUSE = 0.1
"""Seconds between two questions to a Cluster about who holds what."""

SENTINEL_PAUSE = 0.5
"""Seconds between two questions to a Sentinel about who is primary."""


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


@dataclass(frozen=True)
class _Target:
    """What a URL says: addresses, and redis-py's arguments for a connection."""

    scheme: str
    addresses: tuple[Address, ...]
    service: str
    is_tls: bool
    options: dict[str, Any]


class _Sentinels:
    """Asks the Sentinels for the primary."""

    def __init__(self, target: _Target, common: dict[str, Any]) -> None:
        self._target = target
        own, tls, rest = {}, {}, {}
        for name, value in target.options.items():
            if name.startswith("sentinel_"):
                own[name.removeprefix("sentinel_")] = value
            elif name.startswith("ssl_"):
                tls[name] = value
            else:
                rest[name] = value
        self._for_sentinels = {**tls, **own, **common}
        self._for_primary = {**tls, **rest, **common}

    def find_primary(self) -> Address:
        """Return the primary that a Sentinel names. Raises what redis-py raises."""
        problem: Exception = RedisConnectionError("no sentinel knows the service")
        for sentinel in self._target.addresses:
            try:
                link = open_tcp(sentinel, self._for_sentinels, tls=self._target.is_tls)
                try:
                    found = link.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._target.service)
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
        return open_tcp(address, self._for_primary, tls=self._target.is_tls)


class SentinelServer:
    """All shards on the primary that the Sentinels name.

    An old primary goes on answering for some ten seconds after a failover that it survived, so each
    process asks every half second, in a thread of its own, and drops its connections on a change.
    """

    def __init__(self, sentinels: _Sentinels) -> None:
        self._sentinels = sentinels
        self._node = Node(self._connect)
        self._primary: Address | None = None
        self._watcher_pid = 0
        self._closed = threading.Event()

    def node_for(self, shard: str) -> Node:
        """Return the primary."""
        return self._node

    def node_at(self, address: Address) -> Node:
        """Return the primary: it never names another."""
        return self._node

    def primaries(self) -> list[Node]:
        """Return the primary."""
        return [self._node]

    def mistrust(self) -> None:
        """Do nothing: each new connection looks by itself."""

    def close(self) -> None:
        """Close all idle connections and stop asking."""
        self._closed.set()
        self._node.forget()

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


def topology_of(url: str, timeout_ms: int) -> Topology:
    """Return the topology that `url` names; connecting and reading may take `timeout_ms` each.

    `redis://`, `rediss://` and `unix://` as redis-py reads them; `sentinel://host:port,.../service/db`
    and `redis+cluster://host:port,...`, either with `user:password@` in front of the hosts. The last
    two take `?tls=yes`, `ssl_ca_certs=` and such; Sentinels' own login is `sentinel_username=` and
    `sentinel_password=`. Raises SettingsError.
    """
    common: dict[str, Any] = {
        "socket_timeout": timeout_ms / 1000,
        "socket_connect_timeout": timeout_ms / 1000,
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "protocol": 2,
        "driver_info": None,
    }
    try:
        target = _parse(url)
        options = {**target.options, **common}
        check_options(options, tls=target.is_tls, unix=target.scheme == "unix")
    except (ValueError, TypeError) as bad:
        raise SettingsError(f"SSO_REDIS_URL is set but {bad}") from bad
    if target.scheme == "unix":
        return OneServer(lambda: open_unix(options))
    if target.scheme == "redis+cluster":
        return Cluster(target.addresses, lambda address: open_tcp(address, options, tls=target.is_tls))
    if target.scheme == "sentinel":
        return SentinelServer(_Sentinels(target, common))
    return OneServer(lambda: open_tcp(target.addresses[0], options, tls=target.is_tls))


def _parse(url: str) -> _Target:
    scheme = url.partition("://")[0]
    if scheme not in ("redis", "rediss", "unix"):
        return _parse_many(url, scheme)
    options: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    options.pop("connection_class", None)
    if scheme == "unix":
        return _Target(scheme, (), "", False, options)
    address = (options.pop("host", "localhost"), options.pop("port", 6379))
    return _Target(scheme, (address,), "", scheme == "rediss", options)


def _parse_many(url: str, scheme: str) -> _Target:
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    is_tls = options.pop("tls", "no").lower() in ("yes", "true", "1", "on")
    username, _, password = login.partition(":")
    if username:
        options["username"] = unquote(username)
    if password:
        options["password"] = unquote(password)
    service, _, db = parts.path.strip("/").partition("/")
    if scheme == "sentinel" and not service:
        raise ValueError("should name the service: sentinel://host:port,host:port/service")
    if db:
        options["db"] = int(db)
    addresses = tuple(_address(host, 26379 if scheme == "sentinel" else 6379) for host in hosts.split(","))
    return _Target(scheme, addresses, service, is_tls, options)


def _address(text: str, default_port: int) -> Address:
    split = urlsplit(f"//{text}")
    if not split.hostname:
        raise ValueError("should name its servers as host:port,host:port")
    return split.hostname, split.port or default_port
