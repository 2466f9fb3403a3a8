"""The fake center's HTTP, for sites and browsers that come over the network."""

import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from client_sdk.core.http.transport import HttpResponse

Serve = Callable[[str, str, bytes, Mapping[str, str]], HttpResponse | Iterator[bytes]]
"""Answers a site's server: method, address without the host, body, headers. An iterator is a stream."""

Send = Callable[[str], str | None]
"""Returns where a browser is sent from an address without the host; None when that is no page."""


class Server:
    """Listens on a free port of this machine; `url` is where."""

    def __init__(self, serve: Serve, send: Send) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(serve, send))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(serve: Serve, send: Send) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            target = send(self.path)
            if target is None:
                self._serve(b"")
            else:
                self._answer(302, b"", {"Location": target})

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _serve(self, body: bytes) -> None:
            answer = serve(self.command, self.path, body, dict(self.headers.items()))
            if not isinstance(answer, HttpResponse):
                self._stream(answer)
                return
            self._answer(answer.status, answer.body, {"Content-Type": "application/json"})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, pieces: Iterator[bytes]) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for piece in pieces:
                    self.wfile.write(piece)
            except OSError:
                # The site has gone.
                return

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
