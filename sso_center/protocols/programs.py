"""Serving the endpoints for programs, before Flask is asked.

They look at no cookie, show no page and know no language, so nothing of what Flask prepares for a request
would be used: an introspection costs half as much this way. What every answer must have, the security
headers, the count and the request's id in the log, it has here too.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

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
from sso_center.web.streams import STREAM, GoingOn

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_BROKEN = json_answer({"error": "server_error"}, 500)


class Programs:
    """A WSGI application: answers `endpoints` itself, and hands everything else on."""

    def __init__(
        self, application: "WSGIApplication", endpoints: Iterable[Endpoint], settings: Settings
    ) -> None:
        self._application = application
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}
        always = headers.for_programs(settings)
        # A browser that is not told so shows no page the answer, so errors carry this header as well.
        self._plain = always
        self._trusted = settings.trusted_proxies
        self._for_browsers = (*always, ("Access-Control-Allow-Origin", "*"))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        endpoint = self._endpoints.get(environ["PATH_INFO"])
        if endpoint is None:
            return self._application(environ, start_response)
        began = time.perf_counter()
        answer = _answer(endpoint, environ, self._trusted)
        metrics.count(endpoint.path, answer.status, time.perf_counter() - began)
        start_response(_STATUS_LINES[answer.status], self._headers(endpoint, answer))
        if answer.source is not None:
            goes_on: GoingOn = environ[STREAM]
            return goes_on(answer.source)
        return () if environ["REQUEST_METHOD"] == "HEAD" else (answer.body,)

    def _headers(self, endpoint: Endpoint, answer: Answer) -> list[tuple[str, str]]:
        always: Headers = self._for_browsers if endpoint.is_for_browsers else self._plain
        said = [*answer.headers, *always]
        if answer.source is None:
            said.append(("Content-Length", str(len(answer.body))))
        return said


def _answer(endpoint: Endpoint, environ: dict[str, Any], trusted: Sequence[Network]) -> Answer:
    under = request_id.set(environ.get(FRONT_ID, ""))
    try:
        method = environ["REQUEST_METHOD"]
        body = b"" if method in ("GET", "HEAD") else environ["wsgi.input"].read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            return refusal(TooLarge("The body is too large."))
        content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        call = Call(
            method,
            content_type,
            environ.get("HTTP_AUTHORIZATION"),
            body,
            address_in(environ, trusted),
            environ.get("HTTP_USER_AGENT", ""),
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_ACCEPT", ""),
            environ.get("HTTP_LAST_EVENT_ID", ""),
        )
        return respond(endpoint, call)
    except Exception:
        log.exception("%s failed", endpoint.path)
        return _BROKEN
    finally:
        request_id.reset(under)
