"""Scripts and commands on the hot store, whichever Redis it is, without the guard.

Finds the server of a shard, sends, follows a Cluster's redirections, and turns every failure of a server into
Unavailable. What a guarded script needs beyond that is in redis.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid, Unavailable
from sso_center.base.secrets import all_shards
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.link import Word, packed
from sso_center.storage.marker import Marker
from sso_center.storage.messages import listen
from sso_center.storage.nodes import AwayError, Node, Pack
from sso_center.storage.scripts import NOTHING, Arguments, Script, load_unguarded_script
from sso_center.storage.topology import Topology

SHARD_LIFETIME = 400 * 86400 * 1000
"""Milliseconds a shard's hash is kept after it was last trusted; once gone it is recovered anew."""

MAX_REDIRECTIONS = 3

_MARKER = load_unguarded_script(__package__, "marker.lua")
_TRUST = load_unguarded_script(__package__, "trust.lua")
_DISTRUST = load_unguarded_script(__package__, "distrust.lua")

# Refusals that come from the server's state, not from the script.
_PASSING = ("MISCONF", "BUSY ", "NOREPLICAS")
_PASSING_KINDS = (ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)


class UnguardedRedis:
    """One server, the primary that Sentinels name, or a Cluster. Thread-safe, fork-safe."""

    def __init__(self, topology: Topology, clock: Clock, embedded: EmbeddedServer | None = None) -> None:
        self.embedded = embedded
        self.configuration_version = 0
        self._topology = topology
        self._clock = clock
        self._heads = {shard: (f"sso:{{{shard}}}:shard", f"sso:{{{shard}}}:") for shard in all_shards()}

    def run_unguarded(self, script: Script, shard: str, given: Arguments = NOTHING) -> Any:
        """Run one of the recovery's own scripts on a shard that is not trusted yet."""
        assert not script.is_guarded, f"{script.name} would be refused"
        return self._run(script, shard, script.words(given))

    def command(self, shard: str, *command: Word) -> Any:
        """Run one plain command on keys of `shard`, unguarded and never twice. Raises Unavailable."""
        return self._exchange(shard, lambda _: packed(*command))

    def key(self, shard: str, kind: str, name: str) -> str:
        """Return the Redis key of a kind and name in `shard`."""
        return f"{self._heads[shard][1]}{kind}:{name}"

    def check(self) -> None:
        """Return when every server answers. Raises Unavailable."""
        for node in self._primaries():
            self._ask(node, "PING")

    def close(self) -> None:
        """Close the idle connections, and leave the embedded server (the last to leave stops it)."""
        self._topology.close()
        if self.embedded is not None:
            self.embedded.leave()

    # -- the marker of a shard

    def marker(self, shard: str) -> Marker:
        """Return the shard's marker, and the run id of its server."""
        run_id, run, lineage, position, config, stamp, cutoff = self.run_unguarded(_MARKER, shard)
        return Marker(
            run_id, run, lineage, int(position or 0), int(config or 0), int(stamp or 0), int(cutoff or 0)
        )

    def trust(self, shard: str, *, run_id: str, lineage: str, position: int, config: int) -> None:
        """Write the marker: the journal up to `position` is applied to this shard of server run `run_id`.

        Raises Unavailable when the server is no longer that run.
        """
        try:
            self.run_unguarded(
                _TRUST,
                shard,
                {
                    "applied_to": run_id,
                    "lineage": lineage,
                    "position": position,
                    "config": config,
                    "lifetime": SHARD_LIFETIME,
                },
            )
        except ResponseError as refused:
            raise Unavailable(detail=f"shard {shard}: {refused}") from refused

    def distrust(self, shard: str) -> None:
        """Let nothing in the shard count until the journal is applied to it again. Raises Unavailable."""
        self.run_unguarded(_DISTRUST, shard)

    # -- messages

    def publish(self, channel: str, message: str) -> None:
        """Send a message to all who listen now. Raises Unavailable."""
        self._ask(self._primaries()[0], "PUBLISH", channel, message)

    def listen(self, channel: str, *, idle: float = 1.0) -> Iterator[str | None]:
        """Yield the messages of `channel` as they come, for ever.

        Yields None after each (re)connection, since messages may have been missed before it, and after `idle`
        seconds without a message, so that the caller can do other things. A store that is away raises
        nothing: it tries again.
        """
        return listen(lambda: self._topology.primaries()[0], channel, idle)

    # -- looking around (for doctor)

    def scan(self, match: str = "sso:*") -> Iterator[str]:
        """Yield the keys that match, of every server; one that moves meanwhile may come twice or never."""
        for node in self._primaries():
            for keys in self._batches(node, match):
                yield from keys

    def keys_without_expiry(
        self, match: str = "sso:*", *, on_page: Callable[[int], None] = lambda _: None
    ) -> Iterator[str]:
        """Yield the keys that would never expire; there should be none.

        `on_page` gets, repeatedly, how many keys were looked at.
        """
        looked_at = 0
        for node in self._primaries():
            for keys in self._batches(node, match):
                looked_at += len(keys)
                on_page(looked_at)
                lives = self._exchange_many(node, [_plain("PTTL", key) for key in keys])
                yield from (key for key, left in zip(keys, lives, strict=True) if left == -1)

    def count_keys(self) -> int:
        """Return how many keys all servers hold, including foreign ones."""
        return sum(self._ask(node, "DBSIZE") for node in self._primaries())

    def server_info(self, section: str = "everything") -> list[str]:
        """Return each server's INFO text."""
        return [self._ask(node, "INFO", section) for node in self._primaries()]

    def _batches(self, node: Node, match: str) -> Iterator[list[str]]:
        cursor = "0"
        while True:
            cursor, keys = self._ask(node, "SCAN", cursor, "MATCH", match, "COUNT", 500)
            yield keys
            if cursor == "0":
                return

    # -- sending

    def _run(self, script: Script, shard: str, words: Sequence[Word]) -> Any:
        try:
            return self._exchange(shard, self._by_sha(script, shard, words))
        except NoScriptError:
            pass
        return self._exchange(shard, self._packing("EVAL", script.text, shard, words))

    def _by_sha(self, script: Script, shard: str, words: Sequence[Word]) -> Pack:
        return self._packing("EVALSHA", script.sha, shard, words)

    def _packing(self, command: str, script: str, shard: str, words: Sequence[Word]) -> Pack:
        shard_key, prefix = self._heads[shard]
        version, now = self.configuration_version, self._clock()

        def pack(run_id: str) -> bytes:
            return packed(command, script, 1, shard_key, run_id, version, now, prefix, *words)

        return pack

    def _by_node(self, shards: Iterable[str]) -> dict[Node, list[int]]:
        found: dict[Node, list[int]] = {}
        try:
            for number, shard in enumerate(shards):
                found.setdefault(self._topology.node_for(shard), []).append(number)
        except AwayError as away:
            self._topology.mistrust()
            raise Unavailable(detail=f"redis: {away}") from away
        return found

    def _exchange_many(self, node: Node, packs: Sequence[Pack]) -> list[Any]:
        try:
            return node.exchange_many(packs)
        except AwayError as away:
            self._topology.mistrust()
            raise Unavailable(detail=f"redis: {away}") from away
        except UnicodeEncodeError as bad:
            raise Invalid("That is not valid text.", detail=str(bad)) from bad

    def _exchange(self, shard: str, pack: Pack) -> Any:
        try:
            return self._topology.node_for(shard).exchange(pack)
        except ResponseError as refused:
            return self._follow(refused, pack)
        except AwayError as away:
            self._topology.mistrust()
            raise Unavailable(detail=f"redis: {away}") from away
        except UnicodeEncodeError as bad:
            raise Invalid("That is not valid text.", detail=str(bad)) from bad

    def _follow(self, refused: ResponseError, pack: Pack) -> Any:
        """Follow a Cluster's redirection (it did not run the command), or raise what the refusal means."""
        for _ in range(MAX_REDIRECTIONS):
            if not isinstance(refused, AskError):
                break
            try:
                return self._redirected(refused, pack)
            except ResponseError as again:
                refused = again
            except AwayError as away:
                self._topology.mistrust()
                raise Unavailable(detail=f"redis: {away}") from away
        if isinstance(refused, AskError) or is_passing(refused):
            self._topology.mistrust()
            raise Unavailable(detail=f"redis: {refused}") from refused
        raise refused

    def _redirected(self, pointed: AskError, pack: Pack) -> Any:
        if isinstance(pointed, MovedError):
            self._topology.mistrust()
        node = self._topology.node_at((pointed.host, pointed.port))
        return node.exchange(pack, asking=not isinstance(pointed, MovedError))

    def _primaries(self) -> list[Node]:
        try:
            return self._topology.primaries()
        except AwayError as away:
            raise Unavailable(detail=f"redis: {away}") from away

    def _ask(self, node: Node, *command: Word) -> Any:
        try:
            return node.exchange(lambda _: packed(*command))
        except (AwayError, RedisError) as failed:
            self._topology.mistrust()
            raise Unavailable(detail=f"redis: {failed}") from failed


def _plain(*command: Word) -> Pack:
    return lambda _: packed(*command)


def is_passing(refused: ResponseError) -> bool:
    """Say whether a refusal comes from the server's state, not from the script."""
    return isinstance(refused, _PASSING_KINDS) or str(refused).startswith(_PASSING)
