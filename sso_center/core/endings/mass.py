"""Endings of many sessions at once: a cut-off that counts immediately, then a walk that gives notice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sso_center.base.clock import Clock
from sso_center.base.errors import NotFound
from sso_center.base.secrets import all_shards, shard_of
from sso_center.core.audit import Tag
from sso_center.core.clients import Clients
from sso_center.core.endings.applying import Applying
from sso_center.core.endings.endings import BATCH, Endings
from sso_center.core.endings.entries import Entries, Entry
from sso_center.core.endings.reasons import CENTER, Reason
from sso_center.core.endings.taking_back import TakingBack
from sso_center.core.sessions import SESSION_PARTS, Sessions
from sso_center.core.users import Users
from sso_center.storage.redis import Redis, load_script

_CUT_OFF = load_script(__package__, *SESSION_PARTS, "cut_off.lua")
_FIND_VOID = load_script(__package__, *SESSION_PARTS, "scan.lua", "find_void.lua")
_FIND_JOINED = load_script(__package__, *SESSION_PARTS, "scan.lua", "find_joined.lua")

Scope = Literal["user", "client", "role", "everyone"]

FIRST = "0"
"""The cursor that a walk over a shard begins and ends with."""


@dataclass(frozen=True)
class Reach:
    """Whom a mass ending touches: how many people, sessions and sites."""

    people: int
    sessions: int
    clients: int


class MassEndings:
    """Ends all sessions of a user, a role or everyone, or all that a client holds of them."""

    def __init__(
        self,
        redis: Redis,
        sessions: Sessions,
        users: Users,
        clients: Clients,
        endings: Endings,
        entries: Entries,
        applying: Applying,
        clock: Clock,
        *,
        horizon: int,
    ) -> None:
        self._redis = redis
        self._sessions = sessions
        self._users = users
        self._clients = clients
        self._endings = endings
        self._entries = entries
        self._applying = applying
        self._clock = clock
        self._taking_back = TakingBack(redis, entries, applying, clock)
        self._horizon = horizon * 1000

    def reach(self, scope: Scope, name: str = "") -> Reach:
        """Count whom ending `scope` would touch, changing nothing. Raises Unavailable."""
        people: set[str] = set()
        sites: set[str] = set()
        sessions = 0
        for view in self._sessions.of_user(name) if scope == "user" else self._sessions.every():
            if scope == "client" and name not in view.client_ids:
                continue
            if scope == "role" and not self._users.get(view.sub).has_role(name):
                continue
            people.add(view.sub)
            sites.update([name] if scope == "client" else view.client_ids)
            sessions += 1
        return Reach(len(people), sessions, len(sites))

    def end(self, scope: Scope, name: str, reason: Reason, actor: str) -> Iterator[int]:
        """Cut off `scope`, then end its sessions; yields how many are ended so far, after each step.

        The cut-off counts, and is recorded, before the first value is yielded. A walk that is
        abandoned is finished by the courier. Raises Unavailable.
        """
        entry = self._cut_off(scope, name, reason, actor)
        yield 0
        yield from self.walk(entry)

    def end_user(self, sub: str, reason: Reason, actor: str) -> int:
        """End every session of a user, and return how many there were. Raises Unavailable."""
        return max(self.end("user", sub, reason, actor))

    def end_void(self, sub: str, reason: Reason, actor: str) -> int:
        """End the sessions of a user that a change of the account has voided, and return how many there were.

        They count no more as it is: this gives notice of them without waiting for the courier to do so.
        Raises Unavailable.
        """
        void = self._void_in(shard_of(sub), sub)
        return sum(len(self._endings.end_sessions(sids, reason, actor)) for sids in void)

    def walk(self, entry: Entry) -> Iterator[int]:
        """End what a cut-off or a changed user has voided, a batch at a time; yields how many so far."""
        ended = 0
        if entry.kind == "cutoff" and entry.detail["scope"] == "client":
            yield from self._walk_client(entry)
            return
        for shard in [entry.shard] if entry.shard else all_shards():
            for sids in self._void_in(shard, entry.sub):
                ended += len(self._endings.end_sessions(sids, Reason(entry.reason), entry.actor))
                yield ended

    def _cut_off(self, scope: Scope, name: str, reason: Reason, actor: str) -> Entry:
        shards = [shard_of(name)] if scope == "user" else all_shards()
        # Counts from here on; the journal then keeps the latest of the shards' answers for all of them.
        at = max(self._redis.run(_CUT_OFF, shard, (scope, name, self._horizon)) for shard in shards)
        return self._taking_back.take_back(
            kind="cutoff",
            shard=shards[0] if scope == "user" else None,
            tag=Tag.CUTOFF_SET,
            sub=name if scope == "user" else None,
            client_id=name if scope == "client" else None,
            reason=reason,
            actor=actor,
            detail={"scope": scope, "name": name, "at": at},
        )

    def _void_in(self, shard: str, sub: str) -> Iterator[list[str]]:
        cursor = FIRST
        while True:
            cursor, *sids = self._with_users(shard, (sub, cursor, BATCH))
            if sids:
                yield sids
            if cursor == FIRST:
                return

    def _with_users(self, shard: str, arguments: tuple[str | int, ...]) -> list[Any]:
        while True:
            found: list[Any] = self._redis.run(_FIND_VOID, shard, arguments)
            if found[0] != "no_user":
                return found
            sid, sub = found[2], found[3]
            try:
                self._users.refill(sub)
            except NotFound:
                self._endings.end_session(sid, Reason.DISABLED, CENTER)

    def _walk_client(self, entry: Entry) -> Iterator[int]:
        client_id, at = entry.detail["name"], entry.detail["at"]
        client = self._clients.find(client_id)
        is_told = client is not None and bool(client.backchannel_logout_uri)
        left = 0
        for shard in all_shards():
            cursor = FIRST
            while True:
                cursor, *rows = self._redis.run(_FIND_JOINED, shard, (client_id, at, cursor, BATCH))
                if rows and is_told:
                    told = [(client_id, sid, sub) for sid, sub in rows]
                    self._entries.add_notices(entry.number, told, self._clock())
                for sid, _ in rows:
                    # Only now that the notice is recorded: a crash in between repeats it, never loses it.
                    self._applying.leave(shard, sid, client_id, at)
                left += len(rows)
                if rows:
                    yield left
                if cursor == FIRST:
                    break
