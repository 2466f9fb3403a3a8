"""The front of a web worker: a request's way from Granian to the application and back."""

import logging
import time
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from wsgiref.types import WSGIApplication

from sso_center.base.settings import Network
from sso_center.server.access_log import log_request, write_waiting
from sso_center.server.answers import Answer, RefusedRequest, broken
from sso_center.server.application import call_application
from sso_center.server.body import Bodies
from sso_center.server.environ import Environ, base_environ, body_length, build_environ, peer
from sso_center.server.rsgi import Watcher
from sso_center.server.side_thread import SideThread
from sso_center.server.streaming import StreamBody, StreamingAnswers
from sso_center.web.address import address_behind
from sso_center.web.logging import new_request_id
from sso_center.web.streams import STREAM

logger = logging.getLogger("sso_center.server")

REQUEST_ID_NAMES = ("X-Request-Id", "x-request-id", "X-Request-ID")


@dataclass(frozen=True)
class Limits:
    """The limits of a worker, and the proxies it trusts.

    `max_body` is in bytes; `body_timeout` and `header_timeout` are in seconds. The latter limits a request's
    whole head, and how long a kept-alive connection may be idle. `trusted_proxies` may name the client's
    address. POSTs to `slow_posts` run in the side thread, where `slow_waiting` of them may wait. Paths that
    begin with one of `apart` run in a second side thread, whose work is rare and may take seconds. `polled`
    paths run in a third, where `polled_waiting` may wait: machines ask there all the time, and the answer
    needs SQL, which may hang while other requests do not need it. A worker whose application is busy with one
    request for more than `stuck_after` seconds gives up, unless that is polled: while SQL hangs the worker
    serves what needs no SQL, and its successor could not start.
    """

    max_body: int
    body_timeout: float
    header_timeout: float = 10.0
    trusted_proxies: tuple[Network, ...] = ()
    slow_posts: frozenset[str] = frozenset()
    slow_waiting: int = 32
    apart: tuple[str, ...] = ()
    polled: frozenset[str] = frozenset()
    polled_waiting: int = 512
    stuck_after: float = 60.0


class Front:
    """Serves a WSGI application to Granian.

    Requests run on the one thread that Granian calls `receive` on: no hand-over, no lock to wait for. POSTs
    to `limits.slow_posts` run in the side thread, `apart` paths in a second one, `polled` paths in a third. A
    body is read whole before any of them begins.
    """

    def __init__(self, application: WSGIApplication, limits: Limits, server: tuple[str, int]) -> None:
        self._application = application
        self._limits = limits
        self._base = {**base_environ(*server), STREAM: StreamBody}
        self._bodies = Bodies(limits.max_body, limits.body_timeout)
        self._streaming = StreamingAnswers()
        self._side = SideThread(limits.slow_waiting)
        self._apart = SideThread(limits.slow_waiting)
        self._polled = SideThread(limits.polled_waiting)
        self._under_way: set[_Request] = set()
        self._inside: set[_Request] = set()

    @property
    def header_timeout(self) -> float:
        """Seconds that a request's head may take; Granian enforces it."""
        return self._limits.header_timeout

    @property
    def is_idle(self) -> bool:
        """Whether every request is answered, or has a streaming answer."""
        return not self._under_way

    @property
    def is_stuck(self) -> bool:
        """Whether the application has been busy with one request for longer than allowed."""
        oldest = time.perf_counter() - self._limits.stuck_after
        return any(not request.may_hang and request.entered < oldest for request in tuple(self._inside))

    def tick(self) -> None:
        """Drop bodies that take too long and streams that are not read, and write the log.

        Call it a few times a second.
        """
        self._bodies.drop_overdue()
        self._streaming.tick()
        write_waiting()

    def end_streams(self) -> None:
        """End every streaming answer: the worker stops."""
        self._streaming.end_all()

    def receive(self, watcher: Watcher) -> None:
        """Take one request from Granian and answer it, now or later. Never raises."""
        request = _Request(watcher)
        self._under_way.add(request)
        try:
            request.environ = build_environ(watcher.scope, self._base)
            length = body_length(request.environ)
            request.is_chunked = length is None
            if length == 0:
                self._serve(request, b"")
            else:
                self._bodies.read(watcher.proto, length, partial(self._serve, request))
        except RefusedRequest as refused:
            self._send(request, refused.answer())
        except BaseException:
            self._fail(request)

    def _serve(self, request: "_Request", body: bytes | RefusedRequest) -> None:
        if isinstance(body, RefusedRequest):
            # Not raised: a trace would keep the unread body alive, and that keeps the connection open.
            self._send(request, body.answer())
            return
        try:
            environ = request.environ
            _give_body(environ, body)
            thread = self._thread_for(environ)
            if thread is None:
                self._run(request)
            else:
                request.may_hang = thread is self._polled
                thread.submit(partial(self._run, request))
        except RefusedRequest as refused:
            self._send(request, refused.answer())
        except BaseException:
            self._fail(request)

    def _thread_for(self, environ: Environ) -> SideThread | None:
        # The application serves `/login/` as `/login`.
        path = environ["PATH_INFO"].rstrip("/")
        if path in self._limits.slow_posts and environ["REQUEST_METHOD"] == "POST":
            return self._side
        if path in self._limits.polled:
            return self._polled
        return self._apart if path.startswith(self._limits.apart) else None

    def _run(self, request: "_Request") -> None:
        request.entered = time.perf_counter()
        self._inside.add(request)
        try:
            self._send(request, call_application(self._application, request.environ))
        except BaseException:
            self._fail(request)
        finally:
            self._inside.discard(request)

    def _fail(self, request: "_Request") -> None:
        # Above this is only Granian's native code, which can't handle it sensibly.
        logger.critical("The front failed.", exc_info=True, extra={"request_id": request.id})
        self._send(request, broken())

    def _send(self, request: "_Request", answer: Answer) -> None:
        headers = _headers(request, answer)
        scope, proto = request.watcher.scope, request.watcher.proto
        method = scope.method
        if answer.source is not None:
            self._streaming.begin(proto, scope.client, answer.status, headers, answer.source)
        elif method == "HEAD":
            proto.response_empty(answer.status, headers)
        else:
            proto.response_bytes(answer.status, headers, answer.body)
        self._under_way.discard(request)
        address = self._address(request)
        log_request(
            request.id,
            method=method,
            path=scope.path,
            status=answer.status,
            began=request.began,
            address=address,
        )

    def _address(self, request: "_Request") -> str:
        own = peer(request.watcher.scope.client)[0]
        trusted = self._limits.trusted_proxies
        forwarded = request.environ.get("HTTP_X_FORWARDED_FOR") if trusted else None
        return own if forwarded is None else address_behind(own, [forwarded], trusted)


class _Request:
    __slots__ = ("began", "entered", "environ", "is_chunked", "may_hang", "watcher")

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.is_chunked = False
        self.may_hang = False
        self.entered = 0.0
        self.began = time.perf_counter()
        self.environ: Environ = {}

    @property
    def id(self) -> str:
        given = self.environ.get("HTTP_X_REQUEST_ID")
        if given is None:
            given = self.environ["HTTP_X_REQUEST_ID"] = new_request_id()
        return str(given)


def _headers(request: _Request, answer: Answer) -> list[tuple[str, str]]:
    headers = [*answer.headers, ("server", "sso-center")]
    if not any(name in REQUEST_ID_NAMES for name, _ in answer.headers):
        headers.append(("x-request-id", request.id))
    if request.is_chunked or answer.source is not None:
        # hyper removes a Content-Length beside chunks, so a proxy's different reading can't be seen here. A
        # streaming answer's resources are released when its connection is closed.
        headers.append(("connection", "close"))
    return headers


def _give_body(environ: Environ, body: bytes) -> None:
    environ["wsgi.input"] = BytesIO(body)
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
