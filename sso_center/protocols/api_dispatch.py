"""The fast path of endpoints for programs, which are served before Flask is asked.

They look at no cookie, show no page and know no language, so they need nothing that Flask prepares for a
request: an introspection costs half as much this way. What every answer must have is done here too: the
security headers, the count and the request's id in the log.
"""

import logging
import re
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import get_input_stream

from sso_center.base.settings import Network, Settings
from sso_center.protocols.api import (
    MAX_BODY,
    Answer,
    Call,
    Endpoint,
    Headers,
    json_answer,
    refusal,
    respond,
)
from sso_center.protocols.api_errors import TooLarge
from sso_center.web import headers, metrics
from sso_center.web.address import address_in
from sso_center.web.logging import FRONT_ID, request_id
from sso_center.web.streams import STREAM, MakeStreamBody

log = logging.getLogger(__name__)

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_BROKEN = json_answer({"error": "server_error"}, 500)


class APIDispatch:
    """A WSGI application: answers `endpoints` itself, and passes everything else on."""

    def __init__(
        self, application: WSGIApplication, endpoints: Iterable[Endpoint], settings: Settings
    ) -> None:
        self._application = application
        served = {endpoint.path: endpoint for endpoint in endpoints}
        self._endpoints = {path: endpoint for path, endpoint in served.items() if "{" not in path}
        self._templates = _Templates([one for path, one in served.items() if path not in self._endpoints])
        always = headers.for_programs(settings)
        # A browser that is not told so shows no page the answer, so errors carry this header as well.
        self._plain = always
        self._trusted = settings.trusted_proxies
        self._for_browsers = (*always, ("Access-Control-Allow-Origin", "*"))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path, parameter = environ["PATH_INFO"], ""
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            endpoint, parameter = self._templates.find(path)
        if endpoint is None:
            return self._application(environ, start_response)
        began = time.perf_counter()
        answer = _answer(endpoint, environ, self._trusted, parameter)
        metrics.count(endpoint.path, answer.status, time.perf_counter() - began)
        start_response(_STATUS_LINES[answer.status], self._headers(endpoint, answer))
        if answer.source is not None:
            goes_on: MakeStreamBody = environ[STREAM]
            return goes_on(answer.source)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (answer.body,)

    def _headers(self, endpoint: Endpoint, answer: Answer) -> list[tuple[str, str]]:
        always: Headers = self._for_browsers if endpoint.is_for_browsers else self._plain
        said = [*answer.headers, *always]
        if answer.source is None:
            said.append(("Content-Length", str(len(answer.body))))
        return said


class _Templates:
    """The endpoints whose path has a `{name}` in it, all of them in one pattern."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        paths = (re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(endpoint.path)) for endpoint in endpoints)
        self._pattern = re.compile("|".join(paths))

    def find(self, path: str) -> tuple[Endpoint | None, str]:
        """Return the endpoint of a path, and what stands in it for the name; None when there is none."""
        found = self._pattern.fullmatch(path) if self._endpoints else None
        if found is None or found.lastindex is None:
            return None, ""
        try:
            # WSGI hands the bytes of a path on as Latin-1 (PEP 3333).
            return self._endpoints[found.lastindex - 1], found[found.lastindex].encode("latin-1").decode()
        except UnicodeDecodeError:
            return None, ""


def _body(environ: dict[str, Any]) -> bytes:
    # Our front's ends by itself; of another server's no more may be read than was announced (PEP 3333).
    is_ended = environ.get("wsgi.input_terminated")
    body: bytes = (environ["wsgi.input"] if is_ended else get_input_stream(environ)).read(MAX_BODY + 1)
    return body


def _answer(
    endpoint: Endpoint, environ: dict[str, Any], trusted: Sequence[Network], parameter: str
) -> Answer:
    under = request_id.set(environ.get(FRONT_ID, ""))
    try:
        method = environ["REQUEST_METHOD"]
        body = b"" if method in ("GET", "HEAD") else _body(environ)
        if len(body) > MAX_BODY:
            return refusal(TooLarge("The body is too large."))
        return respond(endpoint, Call(method, body, environ, address_in(environ, trusted), parameter))
    except Exception:
        log.exception("%s failed", endpoint.path)
        metrics.count_failure("api_dispatch")
        return _BROKEN
    finally:
        request_id.reset(under)
