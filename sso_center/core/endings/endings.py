"""End sessions: the one path, for every reason."""

import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sso_center.base.actor import NOWHERE, Origin
from sso_center.base.errors import Unavailable
from sso_center.base.secrets import shard_in
from sso_center.core.audit import Tag
from sso_center.core.clients import Client, Clients
from sso_center.core.journal import ClosedSession, Ending, Entries, EntryApplier, JournalWriter
from sso_center.core.notices import NewNotice, takes_notices
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import SESSION_PARTS, Sessions
from sso_center.storage.redis import Redis, load_script

_CLOSE = load_script(__package__, *SESSION_PARTS, "close.lua")
_FIND_LEAVING = load_script(__package__, *SESSION_PARTS, "find_leaving.lua")
_CHECK = load_script(__package__, *SESSION_PARTS, "check.lua")

BATCH = 100

MAX_ROWS = 500
"""Rows that one transaction may write."""

_log = logging.getLogger("sso_center.endings")


class Endings:
    """Ends sessions, and answers which of them are alive."""

    def __init__(
        self,
        redis: Redis,
        sessions: Sessions,
        clients: Clients,
        entries: Entries,
        applier: EntryApplier,
        journal: JournalWriter,
    ) -> None:
        self._redis = redis
        self._sessions = sessions
        self._clients = clients
        self._entries = entries
        self._applier = applier
        self._journal = journal

    def end_session(self, sid: str, reason: Reason, actor: str, *, origin: Origin = NOWHERE) -> Ending | None:
        """End one session, and return its ending; None when there is no such session (any more).

        `actor` is who asked: a `sub`, `client:<id>`, `cli`, or `center`. When this raises Unavailable, the
        session may be closed already: nothing of it is accepted, and the courier finishes the rest.
        """
        ended = self.end_sessions([sid], reason, actor, origin=origin)
        return ended[0] if ended else None

    def end_sessions(
        self,
        sids: Iterable[str],
        reason: Reason,
        actor: str,
        *,
        cause: int | None = None,
        origin: Origin = NOWHERE,
    ) -> list[Ending]:
        """End several sessions, recorded in few transactions for each shard. Raises Unavailable.

        `cause` is the number of the entry whose job ends them.
        """
        endings: list[Ending] = []
        for batch in _in_batches(self._close(sids, reason, actor)):  # step 0
            shard = batch[0].shard
            notified = self._notified_by_participant({client for one in batch for client in one.participants})
            recorded = self._entries.record(batch, shard, notified, cause=cause, origin=origin)  # step 1
            self._finish(recorded)  # steps 2 and 3; the courier does step 4
            endings += recorded
        return endings

    def check(self, client_id: str, sids: Sequence[str]) -> dict[str, bool]:
        """Say for each sid whether the session is alive and concerns the client. Asking counts as use.

        It concerns its participants, and the audiences of their access tokens. Raises Unavailable when the
        store can't be asked.
        """
        joined_by = " ".join((client_id, *self._clients.clients_with_audience(client_id)))
        answer = dict.fromkeys(sids, False)
        by_shard: dict[str, list[str]] = {}
        for sid in answer:
            shard = shard_in(sid)
            if shard is not None:
                by_shard.setdefault(shard, []).append(sid)
        for shard, asked in by_shard.items():
            alive = self._check(shard, joined_by, asked)
            answer.update({sid: bool(is_alive) for sid, is_alive in zip(asked, alive, strict=True)})
        return answer

    def _check(self, shard: str, joined_by: str, asked: Sequence[str]) -> Sequence[int]:
        while True:
            word, *said = self._sessions.with_user(_CHECK, shard, {"clients": joined_by, "sids": asked})
            if word == "checked":
                return said
            # One of the sessions belongs to a removed person: end it, and ask again for the others.
            _, sid, *_ = said
            self.end_session(sid, Reason.REMOVED, CENTER)

    def leave(self, sid: str, client_id: str, actor: str, reason: Reason = Reason.LOGOUT) -> int | None:
        """Remove a client from a session without ending the session; return the entry's number, None if it
        had not joined.

        What the client got in the session no longer counts, and the client is notified. Raises Unavailable.
        """
        shard = shard_in(sid)
        if shard is None:
            return None
        reply = self._sessions.with_user(_FIND_LEAVING, shard, {"sid": sid, "client": client_id})
        if reply[0] != "leaving":
            return None
        at, sub, handle = _FIND_LEAVING.read(reply)
        client = self._clients.find_notifiable(client_id)
        notified = [client] if takes_notices(client) else []
        entry = self._journal.write(
            kind="leave",
            shard=shard,
            tag=Tag.CLIENT_LEFT,
            sub=sub,
            sid=sid,
            client_id=client_id,
            reason=reason,
            actor=actor,
            detail={"at": at},
            notices=[NewNotice(one.client_id, sid, sub, one.protocol, handle) for one in notified],
        )
        return entry.number

    def _close(self, sids: Iterable[str], reason: Reason, actor: str) -> list[ClosedSession]:
        known = [(shard, sid) for sid in sids if (shard := shard_in(sid))]
        calls = [
            (shard, {"sid": sid, "ending": uuid.uuid4().hex, "reason": reason, "actor": actor})
            for shard, sid in known
        ]
        replies = self._redis.run_many(_CLOSE, calls)
        return [
            self._read_closed(sid, reply)
            for (_, sid), reply in zip(known, replies, strict=True)
            if reply[0] != "gone"
        ]

    def _read_closed(self, sid: str, reply: Sequence[Any]) -> ClosedSession:
        closed = _CLOSE.read(reply)
        return ClosedSession(
            sid,
            closed.ending,
            closed.reason,
            closed.actor,
            int(closed.closed_at),
            closed.sub,
            tuple(sorted(closed.clients)),
            self._clients.apis_of(closed.clients),
            dict(zip(closed.handles[::2], closed.handles[1::2], strict=True)),
        )

    def _notified_by_participant(self, joined: Iterable[str]) -> dict[str, list[Client]]:
        """Return, for each of these participants, the clients to notify when the session ends.

        That includes the APIs that are audiences of its access tokens: they cache for seconds that a token
        counts.
        """
        known = {name: self._clients.find_notifiable(name) for name in joined}
        notified = {
            name: [self._clients.find_notifiable(one) for one in {name, *client.audience}]
            for name, client in known.items()
            if client
        }
        return {name: [one for one in found if takes_notices(one)] for name, found in notified.items()}

    def _finish(self, endings: Sequence[Ending]) -> None:
        try:
            self._applier.end_all(endings)
            self._journal.publish(endings[-1].number)
        except Unavailable as away:
            # Closed and recorded is ended: if this Redis comes back, recovery applies the journal to it
            # first.
            _log.warning("ending left to the courier", extra={"detail": away.detail})


def _in_batches(closed: Sequence[ClosedSession]) -> Iterator[list[ClosedSession]]:
    """Split into batches of one shard and about MAX_ROWS rows: longer transactions delay other writers."""
    batch: list[ClosedSession] = []
    rows = 0
    for one in sorted(closed, key=lambda one: one.shard):
        # An ending, an audit entry, and a notice for each participant.
        cost = 2 + len(one.participants)
        if batch and (rows + cost > MAX_ROWS or batch[0].shard != one.shard):
            yield batch
            batch, rows = [], 0
        batch.append(one)
        rows += cost
    if batch:
        yield batch
