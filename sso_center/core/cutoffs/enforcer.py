"""End the sessions that a cut-off or a changed account has voided, so that their sites are notified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.errors import NotFound
from sso_center.base.secrets import all_shards, shard_of
from sso_center.core.clients import Clients
from sso_center.core.endings.endings import BATCH, Endings
from sso_center.core.journal import Entries, Entry, EntryApplier
from sso_center.core.notices import NewNotice, takes_notices
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import FIRST, SCAN_PARTS
from sso_center.core.users import Users
from sso_center.storage.redis import Arguments, Redis, Script, load_script

_FIND_VOID = load_script(__package__, *SCAN_PARTS, "find_void.lua")
_FIND_OFFLINE = load_script(__package__, "find_offline.lua")
_FIND_JOINED = load_script(__package__, *SCAN_PARTS, "find_joined.lua")

LOCKED_OUT = (Reason.DISABLED, Reason.REMOVED)
"""The reasons for which an account is shut as a whole, offline access included."""


@dataclass(frozen=True)
class CutoffProgress:
    """How far a job is: how many shards are done, and how many sessions it ended."""

    shards: int
    ended: int


class CutoffEnforcer:
    """Goes through sessions shard by shard, a batch at a time. Each method raises Unavailable."""

    def __init__(
        self,
        redis: Redis,
        users: Users,
        clients: Clients,
        endings: Endings,
        entries: Entries,
        applier: EntryApplier,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._users = users
        self._clients = clients
        self._endings = endings
        self._entries = entries
        self._applier = applier
        self._clock = clock

    def enforce(self, entry: Entry, *, done: int = 0) -> Iterator[CutoffProgress]:
        """End what a cut-off or a changed user has voided; yields its progress after each batch.

        `done` is how many shards an earlier run has finished. Every step may be repeated.
        """
        if entry.kind == "user" and entry.reason in LOCKED_OUT:
            self._notify_offline_clients(entry)
        ended, shards = 0, [entry.shard] if entry.shard else all_shards()
        for number, shard in enumerate(shards[done:], start=done):
            for count in self._batches(entry, shard):
                ended += count
                yield CutoffProgress(number, ended)
            yield CutoffProgress(number + 1, ended)

    def end_voided_sessions(self, sub: str, shard: str, reason: Reason, actor: str) -> int:
        """End the voided sessions of a user, and return how many they were."""
        # The same cause as when the courier is quicker: it works on that entry.
        return sum(self._end_void(shard, sub, reason, actor, cause=self._entries.last_change(sub)))

    def with_users(self, script: Script, shard: str, given: Arguments) -> list[Any]:
        """Run a script; when it answers `no_user`, refill that user from SQL and run it again.

        A session of a removed person is ended.
        """
        while True:
            found: list[Any] = self._redis.run(script, shard, given)
            if found[0] != "no_user":
                return found
            _, _, sid, sub, *_ = found
            try:
                self._users.refill(sub)
            except NotFound:
                self._endings.end_session(sid, Reason.REMOVED, CENTER)

    def _notify_offline_clients(self, entry: Entry) -> None:
        """Notify the clients with offline access to a person; the notice names the person alone."""
        clients = self._redis.run(_FIND_OFFLINE, entry.shard or shard_of(entry.sub), {"sub": entry.sub})
        found = [self._clients.find_notifiable(client_id, entry.number) for client_id in clients]
        notified = [
            NewNotice(one.client_id, "", entry.sub, one.protocol) for one in found if takes_notices(one)
        ]
        self._entries.add_notices(entry.number, notified, entry.at)

    def _batches(self, entry: Entry, shard: str) -> Iterator[int]:
        if entry.kind == "cutoff" and entry.detail["scope"] == "client":
            return self._remove_client(shard, entry)
        return self._end_void(shard, entry.sub, Reason(entry.reason), entry.actor, cause=entry.number)

    def _end_void(
        self, shard: str, sub: str, reason: Reason, actor: str, *, cause: int | None
    ) -> Iterator[int]:
        cursor, void = FIRST, []
        while True:
            cursor, *sids = self.with_users(_FIND_VOID, shard, {"sub": sub, "cursor": cursor, "count": BATCH})
            void += sids
            # Collected over pages: where few are void, ending each page's would cost a transaction a page.
            ended = 0
            if cursor == FIRST or len(void) >= BATCH:
                ended, void = len(self._endings.end_sessions(void, reason, actor, cause=cause)), []
            yield ended
            if cursor == FIRST:
                return

    def _remove_client(self, shard: str, entry: Entry) -> Iterator[int]:
        client_id, at = entry.detail["name"], entry.detail["at"]
        client = self._clients.find_notifiable(client_id, entry.number)
        cursor = FIRST
        while True:
            cursor, *rows = self._redis.run(
                _FIND_JOINED, shard, {"client": client_id, "moment": at, "cursor": cursor, "count": BATCH}
            )
            # An app's session belongs to one client: without it nothing of the session is left.
            apps = [sid for sid, _, kind, _ in rows if kind == "app"]
            self._endings.end_sessions(apps, Reason(entry.reason), entry.actor, cause=entry.number)
            others = [(sid, sub, handle) for sid, sub, kind, handle in rows if kind != "app"]
            if takes_notices(client):
                notified = [
                    NewNotice(client_id, sid, sub, client.protocol, name) for sid, sub, name in others
                ]
                self._entries.add_notices(entry.number, notified, self._clock())
            # Only now that the notices are recorded: a crash in between repeats them, and never loses one.
            self._applier.leave_all(shard, [sid for sid, _, _ in others], client_id, at)
            yield len(rows)
            if cursor == FIRST:
                return
