"""HTTP between this server and the center: requests, responses, and the transport that carries them."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from json import loads
from typing import Any, Protocol, runtime_checkable

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.loopback import LoopbackAdapter
from client_sdk.core.threads.fork import renew_after_fork

MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to the center. Only one that `is_repeatable` may be sent again on a broken connection.

    `patience` is how many seconds to wait for the answer, when that is shorter than the site's `timeout`.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = False
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer."""

    status: int
    body: bytes = field(repr=False)

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises Unavailable when it is none."""
        try:
            parsed = loads(self.body)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise Unavailable("center_malformed", "The center's answer is not a JSON object.")
        return parsed


def check_ok(status: int) -> None:
    """Raise Unavailable unless the status of an answer is 200."""
    if status in (401, 403):
        raise Unavailable(
            "center_refused_client", "The center does not accept client_id and client_secret.", actual=status
        )
    if status != 200:
        raise Unavailable("center_failed", "The center can't answer.", expected=200, actual=status)


Transport = Callable[[HttpRequest], HttpResponse]
"""Carries one request. Raises Unavailable when no whole answer came in time."""


class Stream(Protocol):
    """An answer that goes on."""

    status: int
    kind: str
    """The content type, without its parameters."""

    def pieces(self) -> Iterator[bytes]:
        """Return its bytes as they arrive. Raises Unavailable when it breaks off."""

    def close(self) -> None:
        """Close it, from any thread: a reader gets Unavailable or the end."""


@runtime_checkable
class Streaming(Protocol):
    """A transport that can also hold an answer open."""

    def open_stream(self, request: HttpRequest, silence: float) -> Stream:
        """Send a request whose answer goes on; `silence` is how long it may send nothing, in seconds.

        Raises Unavailable.
        """


class RequestsTransport:
    """The transport over `requests`: pooled connections, a time limit, no redirects, no cookies."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session = _new_session()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent's connections to the parent."""
        self._session = _new_session()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send `request`. Raises Unavailable."""
        try:
            return self._send(request)
        except requests.ConnectionError as failed:
            # A center that restarts closes idle connections; a question may be asked again at once.
            if not request.is_repeatable or isinstance(failed, requests.Timeout):
                raise _unreachable(request, failed) from failed
        except requests.RequestException as failed:
            raise _unreachable(request, failed) from failed
        try:
            return self._send(request)
        except requests.RequestException as failed:
            raise _unreachable(request, failed) from failed

    def open_stream(self, request: HttpRequest, silence: float) -> Stream:
        """Send a request whose answer goes on, on a connection of its own. Raises Unavailable."""
        try:
            response = self._session.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                timeout=(min(self._timeout, 2.0), silence),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as failed:
            raise _unreachable(request, failed) from failed
        return _RequestsStream(request, response)

    def _send(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._receive(request)
        except requests.Timeout:
            # When one connection has gone dead silently, the idle ones have too: the next requests would wait
            # on them as long for nothing.
            self._session = _new_session()
            raise

    def _receive(self, request: HttpRequest) -> HttpResponse:
        patience = self._timeout if request.patience is None else min(self._timeout, request.patience)
        deadline = time.monotonic() + patience
        with self._session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            timeout=(min(patience, 2.0), patience),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(16384):
                body += chunk
                if len(body) > MAX_BODY:
                    raise Unavailable("center_malformed", f"{request.url} gave an answer without an end.")
                if time.monotonic() > deadline:
                    raise requests.Timeout("the answer is too slow")
            return HttpResponse(response.status_code, bytes(body))


class _RequestsStream:
    def __init__(self, request: HttpRequest, response: requests.Response) -> None:
        self.status = response.status_code
        self.kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self._request = request
        self._response = response

    def pieces(self) -> Iterator[bytes]:
        try:
            yield from self._pieces()
        # Closing from another thread takes urllib3's connection from under the reader.
        except (requests.RequestException, HTTPError, OSError, ValueError, AttributeError) as failed:
            raise _unreachable(self._request, failed) from failed

    def _pieces(self) -> Iterator[bytes]:
        # Newer versions of urllib3 return what has arrived; older ones wait for the whole size, so read 1
        # byte.
        read = getattr(self._response.raw, "read1", None)
        if read is None:
            yield from self._response.iter_content(1)
            return
        while piece := read(16384):
            yield piece

    def close(self) -> None:
        shut_down = getattr(self._response.raw, "shutdown", None)
        if shut_down is not None:
            with suppress(OSError, ValueError, AttributeError, RuntimeError):
                shut_down()
        self._response.close()


def _new_session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=16))
    session.mount("http://", LoopbackAdapter(pool_maxsize=16))
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Without this a ~/.netrc entry would replace the client's authentication.
    session.auth = _as_it_is
    return session


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


def _unreachable(request: HttpRequest, failed: Exception) -> Unavailable:
    return Unavailable("center_unreachable", f"{request.url} gave no answer: {type(failed).__name__}.")
