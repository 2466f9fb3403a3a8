"""The event streams of one process: one thread receives news, reads it once, and sends it to all.

Server-sent events (WHATWG HTML section 9.2). A stream makes nothing certain, it is only quick: the next
question for JSON finds whatever was lost on the way.
"""

import logging
import resource
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client, Clients
from sso_center.core.feed import Feed, FeedEvent, Page, Position
from sso_center.core.journal_rows import CHANNEL
from sso_center.protocols.api_errors import APIError, Overloaded
from sso_center.protocols.client_authentication import Credentials, authenticate_confidential
from sso_center.storage.redis import Redis
from sso_center.web import metrics
from sso_center.web.streams import StreamWriter

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two checks: which streams may continue, which need a keep-alive, and what no message
announced."""

KEEP_ALIVE_AFTER = 15.0
"""Seconds without an event after which a stream gets a keep-alive comment."""

MOST = 4000
"""How many streams a process has open at most."""

KEEP_ALIVE = b": keep-alive\n\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many streams one process has open, and how many of them are one client's."""

    all: int
    of_client: int = 1000


@dataclass(eq=False, slots=True)
class Stream:
    """One stream, the source of a streaming answer. The lock guards its changing parts."""

    streams: "Streams"
    client: Client
    sent: Credentials = field(repr=False)
    position: Position
    waiting: list[bytes]
    spoke_at: float
    writer: StreamWriter | None = None

    def begin(self, writer: StreamWriter) -> None:
        """Send what was missed, and continue from there."""
        self.streams.begin(self, writer)

    def over(self) -> None:
        """Stop receiving events."""
        self.streams.close(self)

    def say(self, data: bytes, now: float) -> None:
        """Send, or keep what comes before the answer has begun. `now` is monotonic."""
        self.spoke_at = now
        if self.writer is None:
            self.waiting.append(data)
        else:
            self.writer.send(data)


class Streams:
    """All streams of one process; the thread begins with the first of them, and ends after the last."""

    def __init__(self, feed: Feed, clients: Clients, redis: Redis, limits: Limits | None = None) -> None:
        self._feed = feed
        self._clients = clients
        self._redis = redis
        self._limits = limits or Limits(_room())
        self._lock = threading.RLock()
        self._of_client: dict[str, set[Stream]] = {}
        self._count = 0
        self._sent_to: Position | None = None
        self._thread: threading.Thread | None = None
        self._next_look = 0.0
        self._is_away = False

    def open(self, client: Client, sent: Credentials, after: Position | None, page: Page) -> Stream:
        """Return a stream for a client that authenticated by `sent`, beginning with a page after `after`.

        Events that the others got since that page was read are sent again, to the new stream only. Raises
        Overloaded.
        """
        first = [_frame("position", after or page.position)]
        if not page.is_whole:
            first.append(_frame("reset", page.position))
        first += _frames(page.position.lineage, page.entries)
        with self._lock:
            mine = self._of_client.get(client.client_id, set())
            if self._count >= self._limits.all or len(mine) >= self._limits.of_client:
                raise Overloaded("Too many streams are open.", detail=f"{client.client_id}: {len(mine)}")
            stream = Stream(self, client, sent, page.position, first, time.monotonic())
            told = self._sent_to if self._count else None
            self._sent_to = page.position if told is None else _earlier(told, page.position)
            self._of_client.setdefault(client.client_id, set()).add(stream)
            self._count += 1
            self._listen()
        metrics.count_stream(client.client_id, 1)
        metrics.count_sent_events("stream", len(page.entries))
        if told is not None and self._sent_to != told:
            with suppress(Unavailable):  # the thread goes on with it
                self._go_on()
        return stream

    def begin(self, stream: Stream, writer: StreamWriter) -> None:
        """Send what waits for a stream."""
        with self._lock:
            stream.writer = writer
            stream.spoke_at = time.monotonic()
            writer.send(b"".join(stream.waiting))
            stream.waiting.clear()

    def close(self, stream: Stream) -> None:
        """Let go of a stream that is over."""
        with self._lock:
            mine = self._of_client[stream.client.client_id]
            mine.remove(stream)
            if not mine:
                del self._of_client[stream.client.client_id]
            self._count -= 1
        metrics.count_stream(stream.client.client_id, -1)

    # -- the thread

    def _listen(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="feed", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        for message in self._redis.listen(CHANNEL, idle=LOOK_EVERY):
            with self._lock:
                if not self._count:
                    self._thread = None
                    return
            try:
                self._take(message)
            except Unavailable as away:
                self._put_off(away)
            except Exception:
                # A listener must not believe that nothing happened.
                log.exception("the streams failed")
                self._end(self._all())

    def _take(self, message: str | None) -> None:
        """Continue after a message, or after None: none for a while, or some may have been missed."""
        now = time.monotonic()
        is_due = now >= self._next_look
        if message is None or is_due or not message.isdigit() or int(message) > self._position().number:
            self._go_on()
            self._is_away = False
        if is_due:
            self._next_look = now + LOOK_EVERY
            self._look_around(now)

    def _go_on(self) -> None:
        """Send the new events. Raises Unavailable."""
        while True:
            told = self._position()
            if self._send(told, self._feed.news(told)):
                return

    def _position(self) -> Position:
        with self._lock:
            assert self._sent_to is not None, "the first stream brings a position"
            return self._sent_to

    def _put_off(self, away: Unavailable) -> None:
        if not self._is_away:
            log.warning("streams wait", extra={"detail": away.detail})
        self._is_away = True
        self._look_around(time.monotonic())

    def _send(self, told: Position, page: Page) -> bool:
        """Send the page after a position; False when a new stream needs an earlier one."""
        now = time.monotonic()
        with self._lock:
            if self._sent_to != told:
                return False
            self._sent_to = page.position
            if not page.is_whole:
                self._reset(page.position, now)
                return True
            count = 0
            for one, frame in zip(page.entries, _frames(page.position.lineage, page.entries), strict=True):
                for stream in self._concerned(one):
                    if stream.position.number < one.number:
                        stream.position = Position(page.position.lineage, one.number)
                        stream.say(frame, now)
                        count += 1
        metrics.count_sent_events("stream", count)
        return True

    def _reset(self, position: Position, now: float) -> None:
        frame = _frame("reset", position)
        for stream in self._all():
            if stream.position != position:
                stream.position = position
                stream.say(frame, now)

    def _concerned(self, told: FeedEvent) -> Iterable[Stream]:
        if told.clients is None:
            return self._all()
        return [stream for client_id in told.clients for stream in self._of_client.get(client_id, ())]

    def _look_around(self, now: float) -> None:
        with self._lock:
            for stream in self._all():
                if now - stream.spoke_at >= KEEP_ALIVE_AFTER:
                    stream.say(KEEP_ALIVE, now)
            streams = self._all()
        self._end(stream for stream in streams if not self._may_listen(stream))

    def _may_listen(self, stream: Stream) -> bool:
        """Check a client's rights again after a reload: it may be removed, or its secret rotated."""
        try:
            known = self._clients.find(stream.client.client_id)
            if known is not stream.client:
                stream.client = authenticate_confidential(self._clients, stream.sent)
        except APIError:
            return False
        except Unavailable:
            return True  # the known clients still count while the stores are away
        return True

    def _end(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            if stream.writer is not None:
                stream.writer.end()

    def _all(self) -> list[Stream]:
        with self._lock:
            return [stream for mine in self._of_client.values() for stream in mine]


def _room() -> int:
    """Return how many streams may be open: where file descriptors are scarce, half are left for everything
    else.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else min(MOST, files // 2)


def _earlier(one: Position, other: Position) -> Position:
    """Return the earlier position; of two lineages nobody knows which is later, so all streams begin anew."""
    if one.lineage != other.lineage:
        return Position("", 0)
    return min(one, other, key=lambda position: position.number)


def _frames(lineage: str, entries: Iterable[FeedEvent]) -> list[bytes]:
    start = f"id: {lineage}:".encode()
    return [b"%b%d\nevent: ending\ndata: %b\n\n" % (start, one.number, one.event) for one in entries]


def _frame(event: str, position: Position) -> bytes:
    return f'event: {event}\nid: {position}\ndata: {{"position":"{position}"}}\n\n'.encode()
