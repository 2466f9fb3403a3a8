"""HTTP/1.1 as plain bytes on a socket: the cheapest client, since it shares the cores with the servers."""

import socket
from dataclasses import dataclass
from typing import NamedTuple


class RefusedError(Exception):
    """A server answered something a unit of work can't go on from."""


class Response(NamedTuple):
    """One answer: its status, its head as it came, its whole body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        start = self.head.lower().find(b"\r\n" + name.encode() + b":")
        if start < 0:
            return ""
        start += len(name) + 3
        return self.head[start : self.head.find(b"\r\n", start)].decode("latin-1").strip()

    def cookies(self) -> list[str]:
        """Every Set-Cookie line."""
        if b"ookie:" not in self.head:
            return []
        lines = self.head.split(b"\r\n")
        return [line[11:].decode("latin-1").strip() for line in lines if line[:11].lower() == b"set-cookie:"]

    def expect(self, *statuses: int) -> "Response":
        """Itself, when its status is one of these; raises RefusedError with what came instead."""
        if self.status in statuses:
            return self
        raise RefusedError(
            f"status {self.status} instead of {statuses}: {self.head[:300]!r} {self.body[:300]!r}"
        )


@dataclass(frozen=True)
class Origin:
    """Where a server is reached and what it is called: `host` is sent as the Host header."""

    port: int
    host: str

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def get(self, path: str, headers: str = "") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}\r\n".encode()

    def post(self, path: str, form: str, headers: str = "") -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
            f"{headers}\r\n{form}"
        ).encode()


class Connection:
    """One keep-alive connection that carries one request at a time."""

    def __init__(self, origin: Origin, *, timeout: float = 20.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", origin.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def receive(self) -> Response | None:
        """Read once; the response when it is complete by now, else None. Raises RefusedError when closed."""
        part = self.socket.recv(65536)
        if not part:
            raise RefusedError(f"the server closed the connection after {self._received[:300]!r}")
        self._received += part
        response = _parse(self._received)
        if response is not None:
            self._received = b""
        return response

    def ask(self, request: bytes) -> Response:
        """Send one request and wait for its response."""
        self.send(request)
        while (response := self.receive()) is None:
            pass
        return response

    def close(self) -> None:
        self.socket.close()


def _parse(received: bytes) -> Response | None:
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None
    status = int(head[9:12])
    head += b"\r\n"
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start >= 0:
        length = int(head[start + 17 : head.find(b"\r\n", start + 17)])
        return Response(status, head, rest) if len(rest) >= length else None
    if b"\r\ntransfer-encoding: chunked" in lowered:
        body = _unchunked(rest)
        return None if body is None else Response(status, head, body)
    return Response(status, head, b"")


def _unchunked(rest: bytes) -> bytes | None:
    body = b""
    while True:
        size, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        length = int(size.partition(b";")[0], 16)
        if len(rest) < length + 2:
            return None
        if length == 0:
            return body
        body += rest[:length]
        rest = rest[length + 2 :]
