"""POST to an address that a client supplied, without being led into the center's own network (SSRF)."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from sso_center.base.errors import Invalid
from sso_center.base.urls import resolve_public

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 5.0
WHOLE_TIMEOUT = 10.0
"""Seconds for the whole exchange: a socket's own timeout restarts with every byte that comes."""


class Poster:
    """Posts notices. Follows no redirect, reads no body, and connects only to the address it has checked.

    `patience` is how long one POST may take as a whole, in seconds.
    """

    def __init__(self, *, allow_private: bool, patience: float = WHOLE_TIMEOUT) -> None:
        self._allow_private = allow_private
        self._patience = patience

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def post(self, url: str, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> int:
        """Post `body` to `url` and return the status of the answer.

        Raises Invalid, with a message an admin can act on, when it can't be delivered.
        """
        parts = urlsplit(url)
        host, is_https = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_https else 80)
        address = resolve_public(host, port, allow_private=self._allow_private)[0]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Host": parts.netloc,
            "Content-Type": content_type,
            "User-Agent": "sso-center",
            "Connection": "close",
        }
        brake = _WholeTimeout(self._patience)
        try:
            with brake.connected(address, port) as plain:
                connection = HTTPConnection(host, port)
                # The certificate must name the host, though the connection goes to the address checked above.
                connection.sock = self._tls.wrap_socket(plain, server_hostname=host) if is_https else plain
                with contextlib.closing(connection):
                    connection.request("POST", target, body, headers)
                    status = connection.getresponse().status
            # http.client accepts a head that was cut off as a whole one.
            if brake.was_pulled:
                raise TimeoutError("cut off in the middle of its answer")
            return status
        except (HTTPException, OSError) as failed:
            message = _in_words(TimeoutError() if brake.was_pulled else failed)
            raise Invalid(message, detail=str(failed)) from failed


class _WholeTimeout:
    """Cuts a connection that takes too long as a whole, in whatever step it is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.was_pulled = False

    @contextlib.contextmanager
    def connected(self, address: str, port: int) -> Iterator[socket.socket]:
        with socket.create_connection((address, port), CONNECT_TIMEOUT) as plain:
            plain.settimeout(READ_TIMEOUT)
            # Head and body are two writes: the body must not wait for an acknowledgement of the head.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A duplicate handle of the connection, which stays valid when TLS takes the first one over.
            with plain.dup() as handle:
                timer = threading.Timer(self._seconds, self._pull, (handle,))
                timer.daemon = True
                timer.start()
                try:
                    yield plain
                finally:
                    timer.cancel()

    def _pull(self, handle: socket.socket) -> None:
        self.was_pulled = True
        with contextlib.suppress(OSError):  # the connection has just ended by itself
            handle.shutdown(socket.SHUT_RDWR)


def _in_words(failed: Exception) -> str:
    if isinstance(failed, ConnectionRefusedError):
        return "connection refused"
    if isinstance(failed, TimeoutError):
        return "no answer in time"
    if isinstance(failed, ssl.SSLError):
        return "its certificate is not valid"
    return "connection failed"
