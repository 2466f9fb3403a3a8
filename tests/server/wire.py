"""HTTP as bytes on a socket: requests that no client library would send, and their answers."""

import json
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any

PATIENCE = 40.0
"""Seconds after which a test that hangs fails; no claim about speed."""


@dataclass(frozen=True)
class Reply:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((value for found, value in self.headers if found == name), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for found, value in self.headers if found == name]

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


class Connection:
    """One TCP connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> "Connection":
        """Send bytes as they are."""
        self.socket.sendall(data)
        return self

    def head(self, method: str, target: str, *headers: str) -> "Connection":
        """Send a request's head, with a Host."""
        return self.send("\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *headers, "", ""]).encode())

    def ask(self, method: str, target: str, *headers: str, body: bytes | None = None) -> Reply:
        """Send a request and return the answer."""
        length = [f"Content-Length: {len(body)}"] if body is not None else []
        self.head(method, target, *headers, *length)
        if body:
            self.send(body)
        return self.reply(has_body=method != "HEAD")

    def reply(self, *, has_body: bool = True) -> Reply:
        """Return the next answer."""
        while b"\r\n\r\n" not in self._read:
            self._read += self._receive()
        head, self._read = self._read.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        while has_body and len(self._read) < length:
            self._read += self._receive()
        body = self._read[:length] if has_body else b""
        self._read = self._read[len(body) :]
        return Reply(int(first.split()[1]), headers, body)

    def is_closed(self) -> bool:
        """Wait for what comes next, and say whether it is the end."""
        try:
            return self.socket.recv(65536) == b""
        except ConnectionResetError:
            return True

    def _receive(self) -> bytes:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError(f"closed before the answer was whole: {self._read!r}")
        return received
