"""Streaming answers: the interface between the front and the application.

The application returns `environ[STREAM](source)` as the body, like PEP 3333's `wsgi.file_wrapper`. The front
sends the head, then calls `source.begin`, and from then on carries bytes that it knows nothing about.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

STREAM = "sso_center.stream"
"""Environ key of the function that makes a body of a Source."""


class StreamWriter(Protocol):
    """The writer of one streaming answer. Any thread may call it; nothing blocks and nothing raises."""

    def send(self, data: bytes) -> None:
        """Send bytes; ignored when the answer is over."""

    def end(self) -> None:
        """End the answer after the bytes sent so far."""


class Source(Protocol):
    """The source of a streaming answer."""

    def begin(self, writer: StreamWriter) -> None:
        """Begin to send; called once, when the head is on its way. Must not block."""

    def over(self) -> None:
        """Called once when the answer is over, whoever ended it, on any thread. Must not block."""


MakeStreamBody = Callable[[Source], Iterable[bytes]]
"""The type of the function at STREAM."""
