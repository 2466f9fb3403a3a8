"""Holds the center's stream of endings open, so that an ending there takes effect here a moment later.

Nothing depends on it but speed: the next answer in JSON has whatever a stream left out.
"""

import logging
import random
from collections.abc import Callable

from client_sdk.core.clock import Clock
from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.ending_handler import EndingHandler
from client_sdk.core.endings.event_stream import KIND, EventReader, Gap, open_stream
from client_sdk.core.endings.view import View
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.http.transport import Stream
from client_sdk.core.threads.background import LONGEST

SILENCE = 40.0
"""Seconds: the center sends something every 15, so a connection silent for this long is dead."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
RARELY = 600.0
STABLE = 15_000
"""Milliseconds after which a broken stream counts as a first failure again."""

_FOR_ALL = (Kind.ROLE, Kind.CLIENT, Kind.EVERYONE, Kind.UNKNOWN)

log = logging.getLogger("client_sdk")


class StreamListener:
    """Opens one stream after another. `poll` makes the other thread ask for JSON soon."""

    def __init__(
        self, clock: Clock, center: Center, view: View, handler: EndingHandler, poll: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._center = center
        self._view = view
        self._handler = handler
        self._poll = poll
        self._stream: Stream | None = None
        self._is_stopped = False
        self._failures = 0

    def turn(self) -> float:
        """Listen until the stream ends; return how many seconds to wait before the next."""
        try:
            stream = open_stream(self._center, self._view.position, SILENCE)
        except Unavailable as failed:
            return self._pause_after(failed)
        if stream is None:
            return LONGEST
        began = self._clock.steady()
        self._stream = stream
        try:
            if stream.kind != KIND:
                return RARELY
            self._listen(stream)
        except Unavailable as broken:
            log.debug("the stream of endings broke: %s", broken)
        finally:
            self._stream = None
            stream.close()
        if self._clock.steady() - began >= STABLE:
            self._failures = 0
        return self._pause()

    def stop(self) -> None:
        """Close the stream."""
        self._is_stopped = True
        stream = self._stream
        if stream is not None:
            stream.close()

    def _listen(self, stream: Stream) -> None:
        reader = EventReader()
        for piece in stream.pieces():
            if self._is_stopped:
                return
            for heard in reader.read(piece):
                self._take(heard)

    def _take(self, heard: Ending | Gap) -> None:
        if isinstance(heard, Gap):
            self._poll()
        elif self._handler.apply_event(heard) and heard.kind in _FOR_ALL:
            # It raised the floor for everybody. Until an answer in JSON catches up, each request would ask.
            self._poll()

    def _pause_after(self, failed: Unavailable) -> float:
        log.debug("no stream of endings: %s", failed)
        if failed.code in ("feed_missing", "center_refused_client"):
            return RARELY
        return self._pause()

    def _pause(self) -> float:
        # With jitter: a restart of the center breaks the streams of all processes of all sites at once.
        longest = min(FIRST_PAUSE * 2.0**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing it
