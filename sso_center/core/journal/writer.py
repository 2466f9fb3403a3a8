"""Write an entry that is no ending: steps 1 to 3 of a cut-off, of a client that leaves, of a revocation."""

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sso_center.base.actor import NOWHERE, Origin
from sso_center.base.clock import Clock
from sso_center.core.audit import Tag
from sso_center.core.clients import Clients
from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import Entries, Entry
from sso_center.core.journal_rows import CHANNEL
from sso_center.core.notices import NewNotice
from sso_center.core.reasons import Reason
from sso_center.storage.redis import Redis


class JournalWriter:
    """Records an entry, applies it, and publishes it to every process."""

    def __init__(
        self, redis: Redis, clients: Clients, entries: Entries, applier: EntryApplier, clock: Clock
    ) -> None:
        self._redis = redis
        self._clients = clients
        self._entries = entries
        self._applier = applier
        self._clock = clock

    def write(
        self,
        *,
        id: str = "",
        kind: Literal["cutoff", "leave", "revocation"],
        shard: str | None,
        tag: Tag,
        sub: str | None,
        client_id: str | None,
        reason: Reason,
        actor: str,
        detail: dict[str, Any],
        sid: str = "",
        notices: Sequence[NewNotice] = (),
        origin: Origin = NOWHERE,
    ) -> Entry:
        """Record an entry, apply and publish it, and return it.

        `shard` None means all shards; the same `id` is recorded only once. Raises Unavailable.
        """
        now = self._clock()
        number = self._entries.record_other(
            id=id or uuid.uuid4().hex,
            kind=kind,
            at=now,
            shard=shard,
            tag=tag,
            sub=sub,
            client_id=client_id,
            reason=reason,
            actor=actor,
            detail=detail,
            apis=self._clients.apis_of([client_id]) if client_id else (),
            sid=sid,
            notices=notices,
            origin=origin,
        )
        entry = Entry(number, kind, now, shard, sub or "", sid, client_id or "", reason, actor, detail)
        self._applier.apply(entry)
        self.publish(number)
        return entry

    def publish(self, number: int) -> None:
        """Publish that the journal has grown (step 3). Raises Unavailable."""
        self._redis.publish(CHANNEL, str(number))
