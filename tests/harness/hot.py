"""What Redis holds, and loses, in tests of just that: the one place of the harness that knows its keys.

Where a test is about what a center answers it needs none of this.
"""

from collections.abc import Callable, Mapping

from sso_center.storage.redis import Redis

DAY = 86_400_000


class Hot:
    """A look at one store, and what may happen to it. An id begins with its shard."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def kept(self, id: str, *, shard: str = "") -> dict[str, int]:
        """Return what is kept under an id: each kind, and for how many milliseconds more."""
        kinds = {key.removesuffix(f":{id}").partition("}:")[2]: key for key in self._named(id, shard=shard)}
        return {kind: int(self._redis.command(key[5:7], "PTTL", key)) for kind, key in kinds.items()}

    def record(self, shard: str, kind: str, name: str) -> dict[str, str]:
        """Return a hash."""
        flat = self._redis.command(shard, "HGETALL", self._redis.key(shard, kind, name))
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return dict(pairs)

    def overwrite(self, shard: str, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Write fields of a hash, as somebody does who was overtaken."""
        flat = [part for pair in fields.items() for part in pair]
        self._redis.command(shard, "HSET", key := self._redis.key(shard, kind, name), *flat)
        self._redis.command(shard, "PEXPIRE", key, DAY)

    def lose(self, shard: str, kind: str, name: str) -> None:
        """Lose one key, as an eviction would."""
        self._redis.command(shard, "DEL", self._redis.key(shard, kind, name))

    def deny(self, id: str) -> None:
        """Let an id be denied before anything else is done about it."""
        self._redis.command(id[:2], "SET", self._redis.key(id[:2], "denied", id), "1", "PX", DAY)

    def copy(self, *ids: str) -> Callable[[], None]:
        """Copy the hashes that are kept under some ids; returns what brings them back, as a backup does."""
        kept = {key: self._redis.command(key[5:7], "HGETALL", key) for key in self._hashes(*ids)}

        def restore() -> None:
            for key in self._hashes(*ids):
                self._redis.command(key[5:7], "DEL", key)
            for key, flat in kept.items():
                self._redis.command(key[5:7], "HSET", key, *flat)
                self._redis.command(key[5:7], "PEXPIRE", key, DAY)

        return restore

    def put_into(self, shard: str, index: str, member: str, score: float = 1) -> None:
        """Put a member into an index, as nothing but an index may hold it."""
        key = f"sso:{{{shard}}}:{index}"
        self._redis.command(shard, "ZADD", key, score, member)
        self._redis.command(shard, "PEXPIRE", key, DAY)

    def place_in(self, shard: str, index: str, member: str) -> float | None:
        """Return where a member stands in an index."""
        found = self._redis.command(shard, "ZSCORE", f"sso:{{{shard}}}:{index}", member)
        return None if found is None else float(found)

    def leave_for_ever(self, shard: str, name: str) -> None:
        """Leave a key that would stay for ever."""
        self._redis.command(shard, "SET", self._redis.key(shard, "stray", name), "1")

    def come_back(self, shard: str) -> None:
        """Let a shard be one that another run of the server brought back from before all entries."""
        key = f"sso:{{{shard}}}:shard"
        self._redis.command(shard, "HSET", key, "run", "an earlier run", "position", 0)

    def configure(self, name: str, value: str) -> None:
        """Change a setting of the server itself."""
        self._redis.command("00", "CONFIG", "SET", name, value)

    def empty(self) -> None:
        """Lose everything, while it runs."""
        self._redis.command("00", "FLUSHALL")

    def _hashes(self, *ids: str) -> list[str]:
        return [key for key in self._named(*ids) if self._redis.command(key[5:7], "TYPE", key) == "hash"]

    def _named(self, *ids: str, shard: str = "") -> list[str]:
        shards = {shard or id[:2] for id in ids}
        keys = [key for shard in shards for key in self._redis.scan(f"sso:{{{shard}}}:*")]
        return [key for key in keys if key.endswith(tuple(f":{id}" for id in ids))]
