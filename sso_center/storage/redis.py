"""Guarded scripts on the hot store: the connection that all nouns of core use.

Every script opens with `prelude.lua` and, but for the recovery's own, `guard.lua`. The guard refuses a shard
whose server came back until the journal is applied to it, and a caller with outdated clients and keys.
`ShardRecovery` resolves both refusals, and the script is run again: a refused script has done nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from redis.exceptions import AskError, NoScriptError, ResponseError

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.base.settings import Settings
from sso_center.storage.address import topology_of
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.link import Word
from sso_center.storage.marker import Marker
from sso_center.storage.scripts import NOTHING, Arguments, Script, load_script, load_unguarded_script
from sso_center.storage.shard_recovery import GUARDS_REFUSALS, Recover, Reload, ShardRecovery
from sso_center.storage.topology import Topology
from sso_center.storage.unguarded_redis import UnguardedRedis, is_passing

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

MAX_TOGETHER = 32
"""Scripts sent at once: the server runs them without a pause, while everybody else waits."""

MAX_ATTEMPTS = 3
"""Runs of one script: the shard may be recovered in between, and the caller's configuration be renewed."""

_RAISE_CONFIG = load_unguarded_script(__package__, "raise_config.lua")


class Redis(UnguardedRedis):
    """The hot store. Thread-safe, fork-safe."""

    def __init__(self, topology: Topology, clock: Clock, embedded: EmbeddedServer | None = None) -> None:
        super().__init__(topology, clock, embedded)
        self._recovery = ShardRecovery(self)

    # -- hooks

    def on_untrusted(self, recover: Recover) -> None:
        """Register the hook that applies the journal to `shard` of the server run `run_id` and then calls
        `trust`.

        It may run twice at the same time (its lock outlives a crash by at most two seconds), so each of its
        steps must be harmless to repeat.
        """
        self._recovery.recover = recover

    def on_outdated(self, reload: Reload) -> None:
        """Register the hook that reloads clients and keys and then sets `configuration_version`."""
        self._recovery.reload = reload

    # -- scripts

    def run(self, script: Script, shard: str, given: Arguments = NOTHING) -> Any:
        """Run a guarded script on `shard`, given its arguments by name, and return its reply (text decoded).

        Raises TypeError unless it is given exactly what it declares; Unavailable when the store is away,
        does not answer in time (the script may or may not have run), or can't be trusted yet; Invalid when
        an argument is no valid text; redis-py's ResponseError for a refusal by the script itself.
        """
        assert script.is_guarded, f"{script.name} asks no guard"
        return self._run_guarded(script, shard, script.words(given))

    def _run_guarded(self, script: Script, shard: str, words: Sequence[Word]) -> Any:
        for _ in range(MAX_ATTEMPTS):
            try:
                return self._run(script, shard, words)
            except ResponseError as refused:
                self._recovery.resolve(shard, refused)
        raise Unavailable(detail=f"shard {shard} can't be brought up to date")

    def run_many(self, script: Script, calls: Sequence[tuple[str, Arguments]]) -> list[Any]:
        """Run a script once for each (shard, args), sent together, and return the replies in that order.

        Raises what `run` raises, Unavailable at the first server that is away: others have run then.
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

    def announce_configuration(self, version: int) -> None:
        """Make every shard refuse callers whose configuration is older than `version`.

        A shard that is away or not trusted learns it from the next script of an up-to-date caller, or when it
        is recovered. Raises Unavailable at the first shard that is away.
        """
        # This process may have missed an earlier change: clients and keys are loaded together.
        self._recovery.reload_once(version)
        self.configuration_version = max(self.configuration_version, version)
        for shard in self._heads:
            self.run_unguarded(_RAISE_CONFIG, shard, {"version": version})


def _batched(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _is_untried(reply: Any) -> bool:
    """Say whether the script did nothing and may be run again, alone. Raises the script's own refusal."""
    if not isinstance(reply, ResponseError):
        return False
    if is_passing(reply):
        raise Unavailable(detail=f"redis: {reply}") from reply
    if isinstance(reply, AskError | NoScriptError) or str(reply).startswith(GUARDS_REFUSALS):
        return True
    raise reply


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
