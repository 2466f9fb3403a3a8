"""Recovery of a refused shard: apply the journal to it, or load clients and keys anew; each once."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable

from redis.exceptions import ResponseError

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards
from sso_center.storage.marker import Marker
from sso_center.storage.scripts import load_unguarded_script
from sso_center.storage.unguarded_redis import UnguardedRedis

Recover = Callable[[str, str], None]
"""Given a shard and the run id of its server: applies the journal, then calls `Redis.trust`."""

Reload = Callable[[int], None]
"""Given the configuration version asked for: loads it, and sets `Redis.configuration_version`."""

RECOVERY_LOCK = 2000
"""Milliseconds after which another process may recover a shard whose recoverer died."""

RECOVERY_WAIT = 1.0
"""Seconds that callers wait for another's recovery before they give up with Unavailable."""

GUARDS_REFUSALS = ("UNTRUSTED", "OUTDATED")
"""What a refusal by the guard begins with: the script has done nothing."""

_RELEASE = load_unguarded_script(__package__, "release.lua")


class ShardRecovery:
    """Resolves the guard's refusals with the hooks of the owners of journal and configuration."""

    def __init__(self, redis: UnguardedRedis) -> None:
        self.recover: Recover | None = None
        self.reload: Reload | None = None
        self._redis = redis
        self._recovering = {shard: threading.Lock() for shard in all_shards()}
        self._reloading = threading.Lock()

    def resolve(self, shard: str, refused: ResponseError) -> None:
        """Do what makes the guard accept the script, or raise the script's own refusal."""
        refusal = str(refused)
        if refusal.startswith("UNTRUSTED"):
            self._recover_once(shard)
        elif refusal.startswith("OUTDATED"):
            self._catch_up(shard, wanted=int(refusal.split()[1]))
        else:
            raise refused

    def reload_once(self, wanted: int) -> None:
        """Reload clients and keys unless this process has that configuration version already."""
        with self._reloading:
            if self.reload is not None and self._redis.configuration_version < wanted:
                self.reload(wanted)

    def _catch_up(self, shard: str, wanted: int) -> None:
        self.reload_once(wanted)
        if self._redis.configuration_version < wanted:
            # SQL does not know that version: SQL was restored, and SQL decides.
            self._recover_once(shard)

    def _recover_once(self, shard: str) -> None:
        if self.recover is None:
            raise Unavailable(detail=f"shard {shard} is not trusted, and nobody here can apply the journal")
        lock = self._recovering[shard]
        if not lock.acquire(timeout=RECOVERY_WAIT):
            raise Unavailable(detail=f"shard {shard} is being recovered")
        try:
            self._recover_alone(shard, self.recover)
        finally:
            lock.release()

    def _recover_alone(self, shard: str, recover: Recover) -> None:
        """Recover the shard, or wait briefly while another process does."""
        holder, deadline = secrets.token_hex(8), time.monotonic() + RECOVERY_WAIT
        while not self._is_passable(marker := self._redis.marker(shard)):
            # The lock names this very run: a server that died during a recovery comes back with its lock, and
            # nobody holds that any more.
            lock = f"recovery:{marker.run_id}"
            if self._redis.command(
                shard, "SET", self._redis.key(shard, "lock", lock), holder, "NX", "PX", RECOVERY_LOCK
            ):
                try:
                    self._recover_still(shard, recover)
                finally:
                    with contextlib.suppress(Unavailable):  # then the lock expires
                        self._redis.run_unguarded(_RELEASE, shard, {"name": lock, "holder": holder})
                return
            if time.monotonic() > deadline:
                raise Unavailable(detail=f"shard {shard} is being recovered by another process")
            time.sleep(0.02)

    def _recover_still(self, shard: str, recover: Recover) -> None:
        # Another process may have finished between our look and our lock.
        marker = self._redis.marker(shard)
        if not self._is_passable(marker):
            recover(shard, marker.run_id)

    def _is_passable(self, marker: Marker) -> bool:
        return marker.is_trusted and marker.config <= self._redis.configuration_version
