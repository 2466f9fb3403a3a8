"""The center's feed of endings as an event stream: `GET /endings` for `text/event-stream`. That is speed.

The format is that of WHATWG HTML section 9.2, as far as the center uses it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from client_sdk.core.endings.ending import Ending, read_ending
from client_sdk.core.endings.feed import address, check_status
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.http.client_auth import with_client
from client_sdk.core.http.transport import HttpRequest, Stream
from client_sdk.core.sessions.position import Position
from client_sdk.core.settings import Settings

KIND = "text/event-stream"
MAX_EVENT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Gap:
    """Something was left out of the stream, or can't be read: only an answer in JSON helps."""


def open_stream(center: Center, after: Position | None, silence: float) -> Stream | None:
    """Ask to hear what is recorded from `after` on; returns None when the transport can't hold it open.

    `silence` is how long the center may send nothing, in seconds. Raises Unavailable, as the feed does.
    """
    stream = center.open_stream(build_request(center.settings, after), silence)
    if stream is not None:
        try:
            check_status(stream.status)
        except Unavailable:
            stream.close()
            raise
    return stream


def build_request(settings: Settings, after: Position | None) -> HttpRequest:
    """Build the request for what is recorded from `after` on, as it happens."""
    headers = {"Accept": KIND, "Cache-Control": "no-store", "Accept-Encoding": "identity"}
    return with_client(HttpRequest("GET", address(settings, after), headers), settings)


class EventReader:
    """Makes endings out of a stream's bytes, however they are cut. An endless event raises Unavailable."""

    def __init__(self) -> None:
        self._rest = b""
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0

    def read(self, received: bytes) -> Iterator[Ending | Gap]:
        """Return what is complete with these bytes."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        if len(self._rest) + self._size > MAX_EVENT:
            raise Unavailable("center_malformed", "The center's stream has an event without an end.")
        for line in lines:
            found = self._take(line.removesuffix(b"\r"))
            if found is not None:
                yield found

    def _take(self, line: bytes) -> Ending | Gap | None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            return self._finish()
        self._size += len(line)
        if name == b"event":
            self._kind = value.decode("ascii", "replace")
        elif name == b"data":
            self._data.append(value)
        elif not name:
            # A comment keeps the line open, and is no part of an event.
            self._size -= len(line)
        return None

    def _finish(self) -> Ending | Gap | None:
        kind, data = self._kind, b"\n".join(self._data)
        self._kind, self._data, self._size = "", [], 0
        if kind == "reset":
            return Gap()
        return _ending(data) if kind == "ending" else None


def _ending(data: bytes) -> Ending | Gap:
    try:
        ending = read_ending(json.loads(data))
    except (ValueError, RecursionError):
        ending = None
    return Gap() if ending is None else ending
