"""Scripts and commands on the hot store, whichever Redis it is.

Every script opens with `prelude.lua` and, but for the recovery's own, `guard.lua`: a shard of a server
that came back is refused until the journal was applied to it, and a caller whose clients and keys are
out of date is told so. Both are mended here, by the hooks that the owner of the journal and the owner
of the configuration register, and the script is run once more: a refused script has done nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

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
from sso_center.base.settings import Settings
from sso_center.storage.address import topology_of
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.link import Word, packed
from sso_center.storage.marker import Marker
from sso_center.storage.messages import listen
from sso_center.storage.nodes import AwayError, Node, Pack
from sso_center.storage.scripts import NOTHING, Arguments, Script, load_script, load_unguarded_script
from sso_center.storage.shard_recovery import GUARDS_REFUSALS, Recover, Reload, ShardRecovery
from sso_center.storage.topology import Topology

__all__ = [
    "NOTHING",
    "Arguments",
    "Marker",
    "Redis",
    "Script",
    "load_script",
    "load_unguarded_script",
    "open_redis",
]

SHARD_LIFETIME = 400 * 86400 * 1000
"""Milliseconds a shard's hash is kept after it was last trusted; once gone it is recovered anew."""

MAX_REDIRECTIONS = 3

MAX_TOGETHER = 32
"""Scripts sent at once: the server runs them without a pause, while everybody else waits."""

MAX_MENDINGS = 3
"""Runs of one script: the shard may be recovered in between, and the caller's configuration be renewed."""

_MARKER = load_unguarded_script(__package__, "marker.lua")
_TRUST = load_unguarded_script(__package__, "trust.lua")
_DISTRUST = load_unguarded_script(__package__, "distrust.lua")
_RAISE_CONFIG = load_unguarded_script(__package__, "raise_config.lua")

# Refusals that say nothing of the script and all of the server's state.
_PASSING = ("MISCONF", "BUSY ", "NOREPLICAS")
_PASSING_KINDS = (ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)


class Redis:
    """The hot store: one server, the primary that Sentinels name, or a Cluster. Thread-safe, fork-safe."""

    def __init__(self, topology: Topology, clock: Clock, embedded: EmbeddedServer | None = None) -> None:
        self.embedded = embedded
        self.configuration_version = 0
        self._topology = topology
        self._clock = clock
        self._heads = {shard: (f"sso:{{{shard}}}:shard", f"sso:{{{shard}}}:") for shard in all_shards()}
        self._mending = ShardRecovery(self)

    # -- hooks

    def on_untrusted(self, recover: Recover) -> None:
        """Register what applies the journal to `shard` of the server run `run_id` and then calls `trust`.

        It may run twice at the same time (its lock outlives no crash by more than two seconds), so
        each of its steps must be harmless to repeat.
        """
        self._mending.recover = recover

    def on_outdated(self, reload: Reload) -> None:
        """Register what loads clients and keys anew and then sets `configuration_version`."""
        self._mending.reload = reload

    # -- scripts and commands

    def run(self, script: Script, shard: str, given: Arguments = NOTHING) -> Any:
        """Run a guarded script on `shard`, given its arguments by name, and return its reply (text decoded).

        Raises TypeError unless it is given exactly what it declares; Unavailable when the store is away,
        does not answer in time (the script may or may not have run), or can't be trusted yet; Invalid when
        an argument is no valid text; redis-py's ResponseError for a refusal by the script itself.
        """
        assert script.is_guarded, f"{script.name} asks no guard"
        return self._run_guarded(script, shard, script.words(given))

    def _run_guarded(self, script: Script, shard: str, words: Sequence[Word]) -> Any:
        for _ in range(MAX_MENDINGS):
            try:
                return self._run(script, shard, words)
            except ResponseError as refused:
                self._mending.mend(shard, refused)
        raise Unavailable(detail=f"shard {shard} can't be brought up to date")

    def run_unguarded(self, script: Script, shard: str, given: Arguments = NOTHING) -> Any:
        """Run one of the recovery's own scripts on a shard that is not trusted yet."""
        assert not script.is_guarded, f"{script.name} would be refused"
        return self._run(script, shard, script.words(given))

    def run_many(self, script: Script, calls: Sequence[tuple[str, Arguments]]) -> list[Any]:
        """Run a script once for each (shard, arguments by name), sent together; return the replies in order.

        Raises what `run` raises, Unavailable at the first server that can't be had: others have run then.
        """
        replies: list[Any] = [None] * len(calls)
        worded = [(shard, script.words(given)) for shard, given in calls]
        for node, numbers in self._by_node(shard for shard, _ in calls).items():
            for part in _batched(numbers, MAX_TOGETHER):
                sent = [self._by_sha(script, *worded[number]) for number in part]
                for number, reply in zip(part, self._exchange_many(node, sent), strict=True):
                    replies[number] = reply
        run = self._run_guarded if script.is_guarded else self._run
        return [
            run(script, *call) if _is_untried(reply) else reply
            for call, reply in zip(worded, replies, strict=True)
        ]

    def run_everywhere(self, script: Script, given: Arguments = NOTHING) -> dict[str, Any]:
        """Run a script on every shard, sent together, and return the replies by shard.

        Raises what `run_many` raises.
        """
        replies = self.run_many(script, [(shard, given) for shard in self._heads])
        return dict(zip(self._heads, replies, strict=True))

    def command(self, shard: str, *command: Word) -> Any:
        """Run one plain command on keys of `shard`, unguarded and never twice. Raises Unavailable."""
        return self._exchange(shard, lambda _: packed(*command))

    def key(self, shard: str, kind: str, name: str) -> str:
        """Return the key of the thing of that kind and name in `shard`."""
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
        """Return what the shard knows of itself, and the run id of its server."""
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
        """Let nothing in the shard count until the journal was applied to it anew. Raises Unavailable."""
        self.run_unguarded(_DISTRUST, shard)

    def announce_configuration(self, version: int) -> None:
        """Make every shard refuse callers whose configuration is older than `version`.

        A shard that can't be reached or is not trusted learns it from the next script of a caller
        that knows, or when it is recovered. Raises Unavailable at the first that can't be reached.
        """
        # This process may have missed the change before its own: clients and keys are loaded together.
        self._mending.reload_once(version)
        self.configuration_version = max(self.configuration_version, version)
        for shard in self._heads:
            self.run_unguarded(_RAISE_CONFIG, shard, {"version": version})

    # -- messages

    def publish(self, channel: str, message: str) -> None:
        """Send a message to all who listen now. Raises Unavailable."""
        self._ask(self._primaries()[0], "PUBLISH", channel, message)

    def listen(self, channel: str, *, idle: float = 1.0) -> Iterator[str | None]:
        """Yield the messages of `channel` as they come, for ever.

        Yields None after each (re)connection, since messages may have been missed before it, and
        after `idle` seconds without any, so that the caller can look at other things. Never raises
        for a store that is away: it tries again.
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
        """Yield the keys that would stay for ever; there should be none.

        `on_page` is told how many keys were looked at, again and again.
        """
        looked_at = 0
        for node in self._primaries():
            for keys in self._batches(node, match):
                looked_at += len(keys)
                on_page(looked_at)
                lives = self._exchange_many(node, [_plain("PTTL", key) for key in keys])
                yield from (key for key, left in zip(keys, lives, strict=True) if left == -1)

    def count_keys(self) -> int:
        """Return how many keys there are on all servers, whosever they are."""
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
        """Go where a Cluster points (a redirected command did not run), or raise what the refusal means."""
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
        if isinstance(refused, AskError) or _is_passing(refused):
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


def _batched(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _is_untried(reply: Any) -> bool:
    """Say whether the script did nothing and may be run anew, alone. Raises what it refused by itself."""
    if not isinstance(reply, ResponseError):
        return False
    if _is_passing(reply):
        raise Unavailable(detail=f"redis: {reply}") from reply
    if isinstance(reply, AskError | NoScriptError) or str(reply).startswith(GUARDS_REFUSALS):
        return True
    raise reply


def _is_passing(refused: ResponseError) -> bool:
    return isinstance(refused, _PASSING_KINDS) or str(refused).startswith(_PASSING)


def open_redis(settings: Settings, clock: Clock) -> Redis:
    """Return the hot store that the settings name; the embedded one is started when it does not run.

    Raises SettingsError for an address that can't be used, Unavailable when the embedded server does
    not start. Any other server is only asked at the first use.
    """
    if settings.redis_url:
        return Redis(topology_of(settings.redis_url, settings.redis_timeout_ms), clock)
    embedded = EmbeddedServer(settings.data_dir)
    embedded.join()
    return Redis(
        topology_of(f"unix://{quote(str(embedded.socket_path))}", settings.redis_timeout_ms), clock, embedded
    )
