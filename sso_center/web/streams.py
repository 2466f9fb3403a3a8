"""Answers that go on: what the front and the application have to know of each other for them.

The application returns `environ[STREAM](source)` as the body, like PEP 3333's `wsgi.file_wrapper`. The front
sends the head, then calls `source.begin`, and from there on carries bytes that it knows nothing of.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

STREAM = "sso_center.stream"
"""Environ key of what makes a body of a Source."""


class StreamWriter(Protocol):
    """Where the bytes of one answer go. Any thread may call it; nothing blocks and nothing raises."""

    def send(self, data: bytes) -> None:
        """Send bytes; in vain when the answer is over."""

    def end(self) -> None:
        """End the answer, once what was sent is out."""


class Source(Protocol):
    """What an answer that goes on comes from."""

    def begin(self, outlet: StreamWriter) -> None:
        """Begin to send; called once, when the head is on its way. Must not block."""

    def over(self) -> None:
        """Take note that the answer is over, whoever ended it; called once, on any thread. Must not block."""


MakeStreamBody = Callable[[Source], Iterable[bytes]]
"""What stands at STREAM."""
