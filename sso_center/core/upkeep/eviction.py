"""Eviction: limits on the sessions of the center and of each client; the least recently seen go first."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import nsmallest

from sso_center.base.secrets import all_shards
from sso_center.core.clients import Clients
from sso_center.core.endings.endings import Endings
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import SESSION_PARTS
from sso_center.storage.redis import Redis, load_script

_COUNT_INDEX = load_script("sso_center.core.sessions", "count_index.lua")
_FIND_OLDEST = load_script(__package__, *SESSION_PARTS, "find_oldest.lua")

PAGE = 100
"""How many sessions are evicted before the least recently seen are looked up again."""

AT_ONCE = 1_000
"""How many sessions are evicted before the courier does something else; the rest follow in its next round."""

_log = logging.getLogger("sso_center.courier")


@dataclass(frozen=True)
class SeenSession:
    """A session, and when it was last seen (ms): anywhere, or at the client whose limit it is."""

    at: int
    sid: str
    is_app: bool


class Eviction:
    """Enforces the limits; a courier calls it every few seconds.

    `total` is the center's limit, 0 for none.
    """

    def __init__(self, redis: Redis, clients: Clients, endings: Endings, *, total: int) -> None:
        self._redis = redis
        self._clients = clients
        self._endings = endings
        self._total = total

    def evict(self) -> int:
        """End sessions above the center's limit, and remove each client from sessions above its own.

        Returns how many sessions that was. Raises Unavailable.
        """
        evicted = self._enforce("seen", "", self._total, self._end) if self._total else 0
        for client in self._clients.list():
            if client.max_sessions:
                index = f"client-sessions:{client.client_id}"
                evicted += self._enforce(index, client.client_id, client.max_sessions, self._remove_client)
        return evicted

    def _enforce(
        self, index: str, client_id: str, limit: int, evict: Callable[[str, list[SeenSession]], int]
    ) -> int:
        if self._count(index) <= limit:
            return 0
        # What is in the index alone leaves it when it is looked at, and makes room.
        deque(self._oldest(index, client_id), maxlen=0)
        surplus, evicted = min(self._count(index) - limit, AT_ONCE), 0
        while evicted < surplus:
            # As many from every shard as may go altogether: the oldest of all are then among them.
            oldest = nsmallest(min(PAGE, surplus - evicted), self._oldest(index, client_id), key=_by_age)
            done = evict(client_id, oldest)
            evicted += done
            if not done:
                break  # they have ended already and are about to be swept
        if evicted:
            _log.info("sessions evicted", extra={"client": client_id, "limit": limit, "evicted": evicted})
        return evicted

    def _count(self, index: str) -> int:
        return sum(int(held) for held in self._redis.run_everywhere(_COUNT_INDEX, {"index": index}).values())

    def _oldest(self, index: str, client_id: str) -> Iterator[SeenSession]:
        for shard in all_shards():
            row = self._redis.run(_FIND_OLDEST, shard, {"index": index, "client": client_id, "count": PAGE})
            for sid, at, kind in zip(row[::3], row[1::3], row[2::3], strict=True):
                yield SeenSession(int(at), sid, kind == "app")

    def _end(self, _client_id: str, oldest: list[SeenSession]) -> int:
        ended = 0
        for shard in sorted({one.sid[:2] for one in oldest}):
            sids = [one.sid for one in oldest if one.sid.startswith(shard)]
            ended += len(self._endings.end_sessions(sids, Reason.EVICTED, CENTER))
        return ended

    def _remove_client(self, client_id: str, oldest: list[SeenSession]) -> int:
        # An app's session belongs to one client: without it nothing of the session is left.
        apps = self._end(client_id, [one for one in oldest if one.is_app])
        others = [one.sid for one in oldest if not one.is_app]
        left = [self._endings.leave(sid, client_id, CENTER, Reason.EVICTED) for sid in others]
        return apps + len(left) - left.count(None)


def _by_age(one: SeenSession) -> tuple[int, str]:
    return one.at, one.sid
