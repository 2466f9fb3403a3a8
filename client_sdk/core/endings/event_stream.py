"""The feed of endings as an event stream: `GET /endings` for `text/event-stream`. It is fast, not certain.

The format is that of WHATWG HTML section 9.2, as far as the center uses it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from client_sdk.core.endings.ending import Ending, read_ending
from client_sdk.core.endings.feed import address, check_status
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center, with_client
from client_sdk.core.http.transport import HttpRequest, Stream
from client_sdk.core.sessions.position import Position
from client_sdk.core.settings import Settings

KIND = "text/event-stream"
MAX_EVENT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Gap:
    """The stream left something out, or sent what can't be read; the next answer in JSON closes the gap."""


def open_stream(center: Center, after: Position | None, silence: float) -> Stream | None:
    """Open the stream of what is recorded after `after`; return None when the transport can't hold it open.

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
    """Build the request for a stream of what is recorded after `after`."""
    headers = {"Accept": KIND, "Cache-Control": "no-store", "Accept-Encoding": "identity"}
    return with_client(HttpRequest("GET", address(settings, after), headers), settings)


class EventReader:
    """Turns a stream's bytes into endings, however the bytes are cut. An endless event raises Unavailable."""

    def __init__(self) -> None:
        self._rest = b""
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0

    def read(self, received: bytes) -> Iterator[Ending | Gap]:
        """Return the endings that these bytes complete."""
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
