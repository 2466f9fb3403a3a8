"""Retry at startup: a worker whose stores are away answers 503 until its application can be built."""

import logging
import time
from collections.abc import Callable, Iterable
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sso_center.base.errors import Unavailable

logger = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two attempts."""


def retrying_application(make: Callable[[], WSGIApplication]) -> WSGIApplication:
    """Return what `make` returns, or, when it raises Unavailable, an application that retries."""
    try:
        return make()
    except Unavailable as away:
        logger.warning("Serving 503 until the stores are back: %s", away.detail or away.message)
        return _RetryingApplication(make, away)


class _RetryingApplication:
    def __init__(self, make: Callable[[], WSGIApplication], away: Unavailable) -> None:
        self._make = make
        self._away = away
        self._made: WSGIApplication | None = None
        self._lock = Lock()
        self._next = time.monotonic() + PAUSE

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        application = self._made or self._try()
        if application is not None:
            return application(environ, start_response)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Retry-After", str(self._away.retry_after)),
            ("Cache-Control", "no-store"),
        ]
        start_response("503 Service Unavailable", headers)
        return [f"{self._away.message}\n".encode()]

    def _try(self) -> WSGIApplication | None:
        with self._lock:
            if self._made is None and time.monotonic() >= self._next:
                try:
                    self._made = self._make()
                except Unavailable as away:
                    self._away = away
                    self._next = time.monotonic() + PAUSE
            return self._made
