"""A site's address for back-channel logout: a real small server that remembers what it was sent."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

import jwt

from tests.harness.ports import free_port
from tests.harness.waiting import PATIENCE

REDIRECTS = (301, 302, 303, 307, 308)
ELSEWHERE = "/elsewhere"
"""Where its redirects lead, on the same server."""


@dataclass(frozen=True)
class Delivery:
    """One POST that arrived."""

    path: str
    headers: dict[str, str]
    body: str
    answered: int | None
    """The status it got; None when the receiver hung on it."""

    @property
    def logout_token(self) -> str:
        """Return the logout token of the form, still encoded."""
        return parse_qs(self.body)["logout_token"][0]

    @property
    def claims(self) -> dict[str, Any]:
        """Return the claims of the logout token, unverified."""
        return jwt.decode(self.logout_token, options={"verify_signature": False})


class Receiver:
    """Listens on a port of its own; `answer(status)` and `hang()` choose what the next deliveries get."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.uri = f"http://127.0.0.1:{self.port}/backchannel-logout"
        self.deliveries: list[Delivery] = []
        self._arrived = threading.Condition()
        self._status: int | None = 200
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", self.port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def answer(self, status: int = 200) -> None:
        """Answer from now on with `status`."""
        self._status = status

    def hang(self) -> None:
        """Take deliveries from now on and never answer."""
        self._status = None

    def wait_for(self, count: int, *, within: float = PATIENCE, sid: str | None = None) -> list[Delivery]:
        """Return the deliveries (of `sid`, when given) once there are at least `count`."""

        def those() -> list[Delivery]:
            return [one for one in self.deliveries if sid is None or one.claims.get("sid") == sid]

        with self._arrived:
            assert self._arrived.wait_for(lambda: len(those()) >= count, within), (
                f"{len(those())} of {count} deliveries within {within} s: {those()}"
            )
            return those()

    def take(self, path: str, headers: dict[str, str], body: str) -> int | None:
        """Remember one delivery; returns the status to answer with, or None after having hung on it."""
        status = self._status
        with self._arrived:
            self.deliveries.append(Delivery(path, headers, body, status))
            self._arrived.notify_all()
        if status is None:
            self._closing.wait()
        return status

    def close(self) -> None:
        """Stop listening and let go of those that hang."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A center that was killed leaves broken connections behind; they are no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length).decode()
        status = self.server.receiver.take(self.path, dict(self.headers), body)
        if status is None:
            self.close_connection = True
            return
        self.send_response(status)
        if status in REDIRECTS:
            self.send_header("Location", ELSEWHERE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""
