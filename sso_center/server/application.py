"""Call a WSGI application for one request (PEP 3333), and handle its failure."""

import logging
from collections.abc import Callable, Iterable
from wsgiref.types import WSGIApplication

from sso_center.server.answers import Answer, broken
from sso_center.server.environ import Environ
from sso_center.server.streaming import StreamBody

logger = logging.getLogger("sso_center.server")


class _Response:
    """The application's calls of `start_response`, and its writes in the old style."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.written: list[bytes] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        if self.status and exc_info is None:
            raise RuntimeError("the application began its answer twice")
        self.status = int(status[:3])
        self.headers = headers
        return self.written.append


def call_application(application: WSGIApplication, environ: Environ) -> Answer:
    """Return the application's whole answer; a failure is logged and becomes a plain 500."""
    try:
        response = _Response()
        pieces = application(environ, response.start)
        if isinstance(pieces, StreamBody):
            return Answer(response.status, response.headers, b"", pieces.source)
        body = _join(pieces, response.written)
        if not response.status:
            raise RuntimeError("the application never began its answer")
        return Answer(response.status, response.headers, body)
    except Exception:
        logger.exception("The application failed.", extra={"request_id": environ["HTTP_X_REQUEST_ID"]})
        return broken()


def _join(pieces: Iterable[bytes], written: list[bytes]) -> bytes:
    try:
        body = b"".join(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    return b"".join(written) + body if written else body
