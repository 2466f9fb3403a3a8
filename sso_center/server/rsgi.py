"""The part of Granian's request objects that the front uses, as types (Granian's RSGI specification).

The front drives them by callbacks instead of `await`, which the specification does not speak of:
an awaitable of Granian's is also a future, with the methods below.
"""

from collections.abc import Callable
from typing import Protocol


class Headers(Protocol):
    """Request headers, names in lower case. Values that are not visible ASCII are left out."""

    def __len__(self) -> int:
        """Return how many different names there are, values left out or not."""

    def __contains__(self, name: str) -> bool:
        """Say whether the name was sent, its value left out or not."""

    def items(self) -> list[tuple[str, str]]:
        """Return all pairs; a name that came twice is there twice."""


class Scope(Protocol):
    """The head of a request; `path` is percent-decoded, `client` is host:port."""

    http_version: str
    client: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> Headers:
        """Return a copy of the headers."""


class ServerFuture(Protocol):
    """Bytes that will come. Calls back on Granian's Python thread, or on the one that cancels."""

    def add_done_callback(self, callback: Callable[["ServerFuture"], None]) -> None:
        """Call `callback` with this object when the bytes are there, failed or were cancelled."""

    def cancel(self) -> bool:
        """Give up waiting; False when that is too late."""

    def result(self) -> bytes:
        """Return the bytes, or raise the failure."""


class Body(Protocol):
    """A body, yielded whole or piece by piece."""

    def __call__(self) -> ServerFuture:
        """Begin to read the whole body."""

    def __aiter__(self) -> "Body":
        """Begin to read it in pieces."""

    def __anext__(self) -> ServerFuture:
        """Read the next piece. Raises StopAsyncIteration after the last."""


class Transport(Protocol):
    """The body of a streaming answer, which ends when this object is gone."""

    def send_bytes(self, data: bytes) -> object:
        """Send bytes, from any thread; never blocks, however many are waiting."""


class Exchange(Body, Protocol):
    """One request's body, and the way to answer it once."""

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Transport:
        """Begin a streaming answer."""

    def client_disconnect(self) -> ServerFuture:
        """Return a future that completes when the connection is closed, by either side."""

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a body."""


class Watcher(Protocol):
    """A request as Granian passes it."""

    scope: Scope
    proto: Exchange
