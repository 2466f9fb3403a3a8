"""Mass endings: a cut-off that counts at once, then a job that ends the sessions and notifies their sites."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sso_center.base.actor import NOWHERE, Origin
from sso_center.base.clock import Clock
from sso_center.base.secrets import all_shards, shard_of
from sso_center.core.audit import Tag
from sso_center.core.cutoffs.enforcer import CutoffEnforcer
from sso_center.core.journal import CutoffJobs, Entry, JournalWriter
from sso_center.core.reasons import Reason
from sso_center.core.sessions import FIRST, SCAN_PARTS, SESSION_PARTS
from sso_center.storage.redis import Redis, load_script

_CUT_OFF = load_script(__package__, *SESSION_PARTS, "cut_off.lua")
_FIND_REACHED = load_script(__package__, *SCAN_PARTS, "find_reached.lua")

PAGE = 200

LOOKED_AT = 50_000
"""Sessions that are counted while a page waits: some seconds; a million would take a minute."""

Scope = Literal["user", "client", "role", "everyone"]


@dataclass(frozen=True)
class Reach:
    """What a mass ending would end: how many people, sessions and sites; minima when it is not whole."""

    people: int
    sessions: int
    clients: int
    is_whole: bool = True


class MassEndings:
    """Ends all sessions of a user, a role or everyone, or all that a client has joined.

    `horizon` is how long a cut-off is kept, in seconds.
    """

    def __init__(
        self,
        redis: Redis,
        journal: JournalWriter,
        enforcer: CutoffEnforcer,
        jobs: CutoffJobs,
        clock: Clock,
        *,
        horizon: int,
    ) -> None:
        self._redis = redis
        self._journal = journal
        self._enforcer = enforcer
        self._jobs = jobs
        self._clock = clock
        self._horizon = horizon * 1000

    def cut_off(
        self,
        scope: Scope,
        name: str,
        reason: Reason,
        actor: str,
        *,
        id: str = "",
        origin: Origin = NOWHERE,
    ) -> Entry:
        """Void everything issued to `scope` so far, from now on; return the journal's entry.

        It takes two scripts in each shard, sent together, however many sessions there are: one counts at
        once, one sets the same cut-off everywhere. A job then ends the sessions: run by the courier, unless
        the caller runs it. The same `id` is recorded once. When this raises Unavailable, it may count in some
        shards.
        """
        shards = [shard_of(name)] if scope == "user" else all_shards()
        # It counts from here on; the journal then sets the latest of the shards' answers in all of them.
        given: dict[str, str | int] = {"scope": scope, "name": name, "kept": self._horizon}
        cutoffs = self._redis.run_many(_CUT_OFF, [(shard, given) for shard in shards])
        return self._journal.write(
            id=id,
            kind="cutoff",
            shard=shards[0] if scope == "user" else None,
            tag=Tag.CUTOFF_SET,
            sub=name if scope == "user" else None,
            client_id=name if scope == "client" else None,
            reason=reason,
            actor=actor,
            detail={"scope": scope, "name": name, "at": max(cutoffs)},
            origin=origin,
        )

    def enforce(self, entry: Entry) -> Iterator[int]:
        """End what a cut-off or a changed user has voided, a batch at a time; yields how many so far."""
        for progress in self._enforcer.enforce(entry):
            yield progress.ended

    def end(self, scope: Scope, name: str, reason: Reason, actor: str) -> Iterator[int]:
        """Cut off `scope`, then end its sessions; yields how many are ended so far, after each step.

        The cut-off counts, and is recorded, before the first value is yielded. The courier finishes a job
        that is abandoned. Raises Unavailable.
        """
        entry = self.cut_off(scope, name, reason, actor)
        ended = 0
        yield ended
        for ended in self.enforce(entry):
            yield ended
        if job := self._jobs.find(entry.number):
            self._jobs.note(replace(job, ended=ended, finished_at=self._clock()), self._clock())

    def end_voided_sessions(self, sub: str, reason: Reason, actor: str) -> int:
        """End the sessions of a user that a change of the account has voided, and return how many they were.

        They have stopped counting already: this notifies their sites without waiting for the courier. Raises
        Unavailable.
        """
        return self._enforcer.end_voided_sessions(sub, shard_of(sub), reason, actor)

    def reach(self, scope: Scope, name: str = "", *, most: int | None = None) -> Reach:
        """Count what ending `scope` would end, changing nothing. Raises Unavailable.

        The count is not whole when there are more than `most` sessions to look at.
        """
        people: set[str] = set()
        sites: set[str] = set()
        sessions = looked_at = 0
        for page in self._reached(scope, name):
            if most is not None and looked_at >= most:
                return Reach(len(people), sessions, len(sites), is_whole=False)
            for sub, *client_ids in page:
                people.add(sub)
                sites.update(client_ids)
            sessions, looked_at = sessions + len(page), looked_at + PAGE
        return Reach(len(people), sessions, len(sites))

    def _reached(self, scope: Scope, name: str) -> Iterator[list[list[str]]]:
        for shard in [shard_of(name)] if scope == "user" else all_shards():
            yield from self._reached_in(shard, scope, name)

    def _reached_in(self, shard: str, scope: Scope, name: str) -> Iterator[list[list[str]]]:
        cursor = FIRST
        while True:
            cursor, *page = self._enforcer.with_users(
                _FIND_REACHED, shard, {"scope": scope, "name": name, "cursor": cursor, "count": PAGE}
            )
            yield page
            if cursor == FIRST:
                return
