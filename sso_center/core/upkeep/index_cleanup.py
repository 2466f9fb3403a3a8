"""Cleanup of indexes: entries of sessions, people and families that are gone, a page at a time."""

from sso_center.base.secrets import all_shards
from sso_center.core.clients import Clients
from sso_center.core.sessions import FIRST, SCAN_PART, SCAN_PARTS
from sso_center.core.tokens import FAMILY_PARTS
from sso_center.storage.redis import NOTHING, Arguments, Redis, Script, load_script

_DROP_SESSIONS = load_script(__package__, *SCAN_PARTS, "drop_sessions.lua")
_DROP_PEOPLE = load_script(__package__, *SCAN_PARTS, "drop_people.lua")
_DROP_FAMILIES = load_script(__package__, *FAMILY_PARTS, SCAN_PART, "drop_families.lua")

PAGE = 25
"""Entries of an index that one script looks at (roughly: a small index may be returned whole)."""

SESSIONS_EACH = 5
"""Sessions of each person that one script looks at."""


class IndexCleanup:
    """Cleans up the indexes of all shards. Endings clean up after themselves; this finds what was left over.

    Each call looks at one page of each index and of one client's, so that every script is short; the next
    call continues from there.
    """

    def __init__(self, redis: Redis, clients: Clients) -> None:
        self._redis = redis
        self._clients = clients
        self._cursors: dict[tuple[str, str], str] = {}
        self._last_client = ""

    def clean_up(self) -> None:
        """Clean up the next page of each index. Raises Unavailable."""
        self._page("seen", _DROP_SESSIONS, {"index": "seen", "client": ""})
        self._page("online", _DROP_PEOPLE, {"sessions_of_each": SESSIONS_EACH})
        self._page("families", _DROP_FAMILIES)
        if client_id := self._next_client():
            index = f"client-sessions:{client_id}"
            self._page(index, _DROP_SESSIONS, {"index": index, "client": client_id})

    def _page(self, name: str, script: Script, more: Arguments = NOTHING) -> None:
        # One by one: sent together they would run without a pause, while everybody else waits.
        for shard in all_shards():
            cursor = self._cursors.get((name, shard), FIRST)
            self._cursors[name, shard] = self._redis.run(
                script, shard, {"cursor": cursor, "count": PAGE, **more}
            )

    def _next_client(self) -> str:
        """Return the client whose index is next, in turn."""
        names = sorted(client.client_id for client in self._clients.list())
        later = [name for name in names if name > self._last_client]
        self._last_client = (later or names or [""])[0]
        return self._last_client
