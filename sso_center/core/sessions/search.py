"""Search among sessions: of a person, at a site, from an address, or all, a page at a time.

The latest come first, over all shards. The next page begins after a place in that order, not after a number
of rows, so that nobody is listed twice or missed because others came, went, or were seen meanwhile. A session
that is seen again moves to the front, where the next search finds it. No script looks at more than 100
sessions, and no call at more than `MAX_LOOKED`.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sso_center.base.errors import Invalid
from sso_center.base.secrets import all_shards, shard_of
from sso_center.core.sessions.record import SessionView, read_view
from sso_center.core.sessions.sessions import LISTING_PARTS
from sso_center.storage.redis import Redis, load_script

_PAGE_INDEX = load_script(__package__, "page_index.lua")
_LIST_THESE = load_script(__package__, *LISTING_PARTS, "list_these.lua")

MAX_PAGE = 200
CHUNK, BATCH = 25, 100
"""Sessions that one script looks at: names in an index, and whole ones."""

MAX_LOOKED = 1000
"""Sessions that one call looks at, even if it was asked for fewer."""

_CURSOR = re.compile(r"(\d{1,15})\.([\w-]{1,64})\.(\d{1,12})", re.ASCII)


@dataclass(frozen=True)
class SessionPage:
    """The sessions found. `next` continues after them, and is None when nothing is left.

    `looked_at` of `total` sessions were looked at since the first page; a search for an address may find
    nothing on a page and still have a next one.
    """

    sessions: tuple[SessionView, ...]
    next: str | None
    looked_at: int
    total: int


@dataclass(frozen=True, order=True)
class _Place:
    """A session's place in an index; the greatest is the first."""

    at: int
    sid: str


@dataclass(frozen=True)
class _Cursor:
    place: _Place | None = None
    looked_at: int = 0

    def __str__(self) -> str:
        assert self.place is not None
        return f"{self.place.at}.{self.place.sid}.{self.looked_at}"


class SessionSearch:
    """Pages through the living sessions. Raises Unavailable when the store can't be asked."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def find(
        self,
        *,
        user_sub: str | None = None,
        client_id: str | None = None,
        address: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> SessionPage:
        """Return up to `limit` sessions, at most 200, that match every given argument.

        They come in the order in which they were last seen; for a client, in which it last used them; for a
        user, in the order of their deadlines. `cursor` is the `next` of a page of the same search. Raises
        Invalid for a bad cursor or limit.
        """
        if not 0 < limit <= MAX_PAGE:
            raise Invalid(f"limit is a whole number from 1 to {MAX_PAGE}.", field="limit")
        begin = _read_cursor(cursor)
        index, shards = _index_of(user_sub, client_id)
        scan = _IndexScan(self._redis, index, shards, begin.place)
        found: list[SessionView] = []
        place, looked_at = begin.place, 0
        is_filtered = client_id is not None or address is not None
        for next_place, view in self._viewed(scan, BATCH if is_filtered else min(limit, BATCH)):
            place, looked_at = next_place, looked_at + 1
            if view is not None and _applies(view, client_id, address):
                found.append(view)
            if len(found) == limit or looked_at == MAX_LOOKED:
                break
        so_far = begin.looked_at + looked_at
        following = str(_Cursor(place, so_far)) if place is not None and scan.is_any_left(place) else None
        return SessionPage(tuple(found), following, so_far, max(scan.total, so_far))

    def _viewed(self, scan: "_IndexScan", size: int) -> Iterator[tuple[_Place, SessionView | None]]:
        while places := list(islice(scan.places, size)):
            scan.last = places[-1]
            by_shard: dict[str, list[str]] = {}
            for place in places:
                by_shard.setdefault(place.sid[:2], []).append(place.sid)
            replies = self._redis.run_many(
                _LIST_THESE, [(shard, {"sids": sids}) for shard, sids in by_shard.items()]
            )
            views = {view.sid: view for rows in replies for view in map(read_view, rows)}
            yield from ((place, views.get(place.sid)) for place in places)


class _IndexScan:
    """A scan of one index of several shards, asking each for a little at a time."""

    def __init__(self, redis: Redis, index: str, shards: Sequence[str], begin: _Place | None) -> None:
        self._redis = redis
        self._index = index
        first = self._ask([(shard, begin) for shard in shards])
        self.total = sum(int(reply[0]) for reply in first)
        self.last = begin
        parts = (self._of_shard(shard, reply) for shard, reply in zip(shards, first, strict=True))
        self.places = heapq.merge(*parts, reverse=True)

    def is_any_left(self, behind: _Place) -> bool:
        """Say whether anything follows a place."""
        return behind != self.last or next(self.places, None) is not None

    def _of_shard(self, shard: str, reply: Sequence[str]) -> Iterator[_Place]:
        while True:
            flat = reply[1:]
            places = [_Place(int(at), sid) for sid, at in zip(flat[::2], flat[1::2], strict=True)]
            yield from places
            if len(places) < CHUNK:
                return
            (reply,) = self._ask([(shard, places[-1])])

    def _ask(self, behind: Sequence[tuple[str, _Place | None]]) -> list[Sequence[str]]:
        return self._redis.run_many(
            _PAGE_INDEX,
            [
                (
                    shard,
                    {
                        "index": self._index,
                        "behind_at": place.at if place else "",
                        "behind_sid": place.sid if place else "",
                        "count": CHUNK,
                    },
                )
                for shard, place in behind
            ],
        )


def _index_of(user_sub: str | None, client_id: str | None) -> tuple[str, list[str]]:
    if user_sub is not None:
        return f"user-sessions:{user_sub}", [shard_of(user_sub)]
    return ("seen" if client_id is None else f"client-sessions:{client_id}"), all_shards()


def _applies(view: SessionView, client_id: str | None, address: str | None) -> bool:
    return (client_id is None or client_id in view.client_ids) and address in (None, view.address)


def _read_cursor(text: str | None) -> _Cursor:
    if text is None:
        return _Cursor()
    read = _CURSOR.fullmatch(text)
    if read is None:
        raise Invalid("cursor is the next of an earlier page.", field="cursor")
    return _Cursor(_Place(int(read[1]), read[2]), int(read[3]))
