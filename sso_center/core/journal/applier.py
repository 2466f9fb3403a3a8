"""Step 2: make an entry of the journal hold in Redis. Idempotent, and allowed during a recovery."""

from collections.abc import Sequence

from sso_center.base.clock import Clock
from sso_center.base.secrets import all_shards
from sso_center.core.journal.entries import Ending, Entry
from sso_center.core.reasons import Reason
from sso_center.core.sessions import SESSION_PARTS
from sso_center.core.users import PUT_USER_PARTS, as_marks, copy_arguments, removed_user
from sso_center.storage.redis import Redis, load_unguarded_script

_ENDING = load_unguarded_script(__package__, *SESSION_PARTS, "apply_ending.lua")
_CUTOFF = load_unguarded_script(__package__, "apply_cutoff.lua")
_REVOCATION = load_unguarded_script(__package__, "sso_center.core.chains/chain.lua", "apply_revocation.lua")
_FORGET_USER = load_unguarded_script(
    __package__, "sso_center.core.users/cutoffs_of_lost_roles.lua", "forget_user.lua"
)
_PUT_USER = load_unguarded_script(__package__, *PUT_USER_PARTS)
_LEAVE = load_unguarded_script(__package__, *SESSION_PARTS, "leave.lua")
_VOID_GRANTS = load_unguarded_script(__package__, "void_grants.lua")
_MARK = load_unguarded_script(__package__, "mark.lua")

CLOCKS_DIFFER = 60_000
"""Milliseconds that a revoked `jti` stays denied after its token expired: a host with a slow clock may still
accept it."""

LONGEST_LIFE = 86_400_000
"""Milliseconds: the longest life that the settings allow an access token. An offline family has no session,
so its tokens are denied for that long, whatever the setting has become since they were issued."""


class EntryApplier:
    """Applies entries to shards.

    `outlives` is how long a denied id is kept, `horizon` how long a cut-off is kept (seconds): as long as any
    token they refuse may live.
    """

    def __init__(self, redis: Redis, clock: Clock, *, outlives: int, horizon: int) -> None:
        self._redis = redis
        self._clock = clock
        self.outlives = outlives * 1000
        """Milliseconds that a token may outlive its session."""
        self._horizon = horizon * 1000

    def apply(self, entry: Entry) -> None:
        """Apply an entry to every shard it concerns. Raises Unavailable."""
        if entry.shard:
            self.apply_to(entry.shard, entry)
        elif entry.kind == "cutoff":
            self._redis.run_everywhere(_CUTOFF, self._cut_off(entry))
        else:
            for shard in all_shards():
                self.apply_to(shard, entry)

    def apply_to(self, shard: str, entry: Entry) -> None:
        """Apply an entry to one shard. Raises Unavailable."""
        run = self._redis.run_unguarded
        if entry.kind == "ending":
            run(_ENDING, shard, self._ending(entry))
        elif entry.kind == "cutoff":
            run(_CUTOFF, shard, self._cut_off(entry))
        elif entry.kind == "leave":
            self.leave(shard, entry.sid, entry.client_id, entry.detail["at"])
        elif entry.kind == "revocation":
            self._revoke(shard, entry)
        elif entry.kind == "user" and entry.reason == Reason.REMOVED:
            run(_PUT_USER, shard, copy_arguments(removed_user(entry.sub, entry.detail["version"])))
        elif entry.kind == "user":
            lost = as_marks(entry.detail.get("lost_roles", ()))
            run(_FORGET_USER, shard, {"sub": entry.sub, "lost_roles": lost})

    def end_all(self, endings: Sequence[Ending | Entry]) -> None:
        """Remove sessions from Redis whose endings are recorded. Raises Unavailable."""
        self._redis.run_many(_ENDING, [(one.sid[:2], self._ending(one)) for one in endings])

    def leave(self, shard: str, sid: str, client_id: str, at: int) -> None:
        """Remove a client from a session that it joined at or before `at` (ms). Raises Unavailable."""
        self._redis.run_unguarded(_LEAVE, shard, {"sid": sid, "client": client_id, "moment": at})

    def leave_all(self, shard: str, sids: Sequence[str], client_id: str, at: int) -> None:
        """Remove a client from several sessions that it joined at or before `at` (ms). Raises Unavailable."""
        given: dict[str, str | int] = {"client": client_id, "moment": at}
        calls = [(shard, {"sid": sid, **given}) for sid in sids]
        self._redis.run_many(_LEAVE, calls)

    def _ending(self, ended: Ending | Entry) -> dict[str, str | int]:
        return {"sid": ended.sid, "sub": ended.sub, "kept": self.outlives, "reason": ended.reason}

    def _cut_off(self, entry: Entry) -> dict[str, str | int]:
        detail = entry.detail
        return {
            "scope": detail["scope"],
            "name": detail["name"],
            "at": detail["at"],
            "kept": self._horizon,
        }

    def _revoke(self, shard: str, entry: Entry) -> None:
        kept = max(LONGEST_LIFE + CLOCKS_DIFFER, self.outlives)
        for family in entry.detail.get("families", ()):
            self._redis.run_unguarded(_REVOCATION, shard, {"id": family, "sub": entry.sub, "left": kept})
        if jti := entry.detail.get("denied"):
            until = entry.detail.get("until", 0)
            left = max(until + CLOCKS_DIFFER - self._clock(), 0) if until else self.outlives
            self._redis.run_unguarded(_REVOCATION, shard, {"id": jti, "sub": entry.sub, "left": left})

    def void_grants(self, shard: str) -> None:
        """Void every grant issued so far in a shard. Raises Unavailable."""
        self._redis.run_unguarded(_VOID_GRANTS, shard, {"kept": self._horizon})

    def mark(self, entry: Entry) -> None:
        """Mark each shard that the entry concerns: the journal is applied up to it. Raises Unavailable."""
        if entry.shard:
            self._redis.run_unguarded(_MARK, entry.shard, {"position": entry.number})
        else:
            self._redis.run_everywhere(_MARK, {"position": entry.number})
