"""HTTP between this server and the center: shapes for the pairs, and the one thing that does I/O."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from json import loads
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from client_sdk.core.errors import Unavailable
from client_sdk.core.fork import renew_after_fork
from client_sdk.core.loopback import LoopbackAdapter

MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to the center. Only one that `is_repeatable` may be sent again on a broken connection."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back, whole."""

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


Transport = Callable[[HttpRequest], HttpResponse]
"""Carries one request. Raises Unavailable when no whole answer came in time."""


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

    def _send(self, request: HttpRequest) -> HttpResponse:
        deadline = time.monotonic() + self._timeout
        with self._session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            timeout=(min(self._timeout, 2.0), self._timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(16384):
                body += chunk
                if len(body) > MAX_BODY or time.monotonic() > deadline:
                    raise requests.Timeout("the answer is too large or too slow")
            return HttpResponse(response.status_code, bytes(body))


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
