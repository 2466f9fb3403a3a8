"""Calls from programs: what such a request is, what its answer is, and how one becomes the other.

A handler takes a Call and returns an Answer; neither knows Flask, so that a handler can be asked from
anywhere and costs nothing but its own work. api_dispatch.py serves them.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sso_center.base.errors import Unavailable
from sso_center.protocols.api_errors import APIError, InvalidRequest, WrongMethod
from sso_center.protocols.parameters import FORM, Parameters, parse
from sso_center.web.streams import Source

log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024

Headers = tuple[tuple[str, str], ...]

JSON: Headers = (("Content-Type", "application/json"),)
# Pragma for caches of HTTP/1.0, as RFC 6749 section 5.1 asks for it.
NOT_STORED: Headers = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
PRIVATE_JSON: Headers = JSON + NOT_STORED

_OWN_KEYS = ("CONTENT_TYPE", "CONTENT_LENGTH")
"""Headers that stand in WSGI's environ under their own names (PEP 3333)."""

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Call:
    """A program's request, as far as any endpoint looks at it.

    `address` is the caller's, as far as it can be believed. `parameter` is what stands in the path where the
    endpoint's has a name. `environ` is WSGI's, from which headers are read when they are asked for.
    """

    method: str
    body: bytes = field(repr=False)
    environ: Mapping[str, Any] = field(repr=False)
    address: str = ""
    parameter: str = ""

    @property
    def query(self) -> str:
        """Return the query string, still encoded."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def content_type(self) -> str:
        """Return the media type of the body, without its parameters."""
        return str(self.environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()

    @property
    def authorization(self) -> str | None:
        """Return the header by which callers prove who they are, or None."""
        return self.environ.get("HTTP_AUTHORIZATION")

    def header(self, name: str) -> str:
        """Return a header of the request, such as `DPoP`; '' when it was not sent.

        One that was sent more than once is joined with commas (RFC 9110 section 5.3).
        """
        key = name.upper().replace("-", "_")
        return str(self.environ.get(key if key in _OWN_KEYS else f"HTTP_{key}", ""))

    def bearer(self) -> str | None:
        """Return the access token in the header (RFC 6750 section 2.1), or None."""
        scheme, _, token = (self.authorization or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def form(self) -> Parameters:
        """Return the parameters of the body.

        Raises InvalidRequest when it is no form, or a parameter in it is broken.
        """
        if self.content_type != FORM:
            raise InvalidRequest(f"Send the parameters as {FORM}.")
        try:
            parameters = parse(self.body.decode("ascii"))
        except UnicodeDecodeError as bad:
            raise InvalidRequest("The body is not a form.") from bad
        if parameters.broken:
            raise InvalidRequest(parameters.problem)
        return parameters


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to a program; with a `source` in place of a body it goes on as long as that wants."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    source: Source | None = None


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address for programs; one part of its path may be a `{name}` that stands for any text.

    `is_for_browsers`: a page of any site may call it (CORS), without cookies.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    is_for_browsers: bool = False


def json_answer(content: Any, status: int = 200, headers: Headers = PRIVATE_JSON) -> Answer:
    """Return `content` as JSON, by default not to be stored by anyone."""
    return Answer(status, headers, _encode(content).encode())


def respond(endpoint: Endpoint, call: Call) -> Answer:
    """Answer `call`: its endpoint's answer, or the one place where errors become what a program reads."""
    if call.method == "OPTIONS" and endpoint.is_for_browsers:
        return _preflight(endpoint)
    method = "GET" if call.method == "HEAD" else call.method
    try:
        if method not in endpoint.methods:
            raise WrongMethod(endpoint.methods)
        return endpoint.handler(call)
    except APIError as refused:
        log.info("%s refused: %s", endpoint.path, refused.code, extra={"detail": refused.detail})
        return refusal(refused)
    except Unavailable as away:
        log.warning("%s unavailable", endpoint.path, extra={"detail": away.detail})
        headers = (*PRIVATE_JSON, ("Retry-After", str(away.retry_after)))
        return json_answer(
            {"error": "temporarily_unavailable", "error_description": away.message}, 503, headers
        )


def refusal(refused: APIError) -> Answer:
    """Return the answer that says what was wrong, and nothing of what was sent."""
    content = {"error": refused.code, "error_description": refused.message, **refused.members}
    return json_answer(content, refused.status, PRIVATE_JSON + refused.headers)


def _preflight(endpoint: Endpoint) -> Answer:
    allowed: Headers = (
        ("Access-Control-Allow-Methods", ", ".join(endpoint.methods)),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
        ("Access-Control-Max-Age", "3600"),
    )
    return Answer(204, allowed, b"")
