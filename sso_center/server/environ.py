"""The head of a request: checked, then turned into a WSGI environ (PEP 3333).

Granian (hyper) parses HTTP and has already refused what is not HTTP at all. This refuses what two parsers in
a row could read differently (RFC 9112 sections 3.2 and 6.3, request smuggling), and header names that could
forge a proxy's own headers.
"""

import sys
from collections.abc import Mapping
from typing import Any

from sso_center.server.answers import RefusedRequest
from sso_center.server.rsgi import Headers, Scope
from sso_center.web.logging import note_request_id

Environ = dict[str, Any]

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
MAX_TARGET = 8190
"""Longest path and query together, in characters as decoded; nginx and Apache have the same limit."""

_ONLY_ONCE = frozenset({"host", "content-length", "content-type", "transfer-encoding", "authorization"})
# Granian omits a value outside visible ASCII. Where that would change a request's meaning (no Host, no
# Forwarded), the request is refused instead.
_NEVER_DROPPED = ("host", "cookie", "authorization", "forwarded", "x-forwarded-for", "x-forwarded-proto")
_USUAL = (
    *("host", "user-agent", "accept", "accept-encoding", "accept-language", "cookie", "authorization"),
    *("origin", "referer", "connection", "cache-control", "if-none-match", "upgrade-insecure-requests"),
    *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "transfer-encoding"),
    *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id"),
)
_KEYS = {name: "HTTP_" + name.upper().replace("-", "_") for name in _USUAL} | {
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
}


def base_environ(server_name: str, server_port: int) -> Environ:
    """Return the part of an environ that is the same for every request."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port),
        "SERVER_SOFTWARE": "sso-center",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


def build_environ(scope: Scope, base: Mapping[str, Any]) -> Environ:
    """Return the environ of a request, still without `wsgi.input`.

    Raises Refused: 405 for a method that nothing here serves, 414 for a target too long, 400 for an ambiguous
    head. A well-formed `X-Request-ID` is kept, otherwise a new one is drawn.
    """
    method = scope.method
    if method not in METHODS:
        raise RefusedRequest(405, allow=", ".join(sorted(METHODS)))
    path, query = scope.path, scope.query_string
    if len(path) + len(query) > MAX_TARGET:
        raise RefusedRequest(414)
    environ = dict(base)
    environ["REQUEST_METHOD"] = method
    environ["PATH_INFO"] = _path_info(path)
    environ["QUERY_STRING"] = query if query.isascii() else query.encode().decode("latin-1")
    environ["SERVER_PROTOCOL"] = "HTTP/1.1" if scope.http_version == "1.1" else "HTTP/1.0"
    environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = peer(scope.client)
    _add_headers(environ, scope.headers)
    _check_host(environ, scope.authority)
    _check_framing(environ)
    note_request_id(environ)
    return environ


def body_length(environ: Environ) -> int | None:
    """Return the announced length of the body in bytes: 0 for no body, None for a chunked one."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _path_info(path: str) -> str:
    # The replacement character stands for bytes that were not UTF-8: the real path is lost. Control
    # characters serve no page, and only split logs and headers.
    if path[:1] != "/" or not path.isprintable() or "\ufffd" in path:
        raise RefusedRequest(400)
    return path if path.isascii() else path.encode().decode("latin-1")


def peer(client: str) -> tuple[str, str]:
    """Split the peer's `host:port` or `[host]:port` as Granian gives it."""
    host, _, port = client.rpartition(":")
    return host.strip("[]"), port


def _add_headers(environ: Environ, headers: Headers) -> None:
    items = headers.items()
    seen = 0
    for name, value in items:
        key = _KEYS.get(name)
        if key is None:
            # X_Forwarded_For would get the same key as X-Forwarded-For, past the proxy that sets that.
            if "_" in name:
                seen += 1
                continue
            key = "HTTP_" + name.upper().replace("-", "_")
        if key not in environ:
            seen += 1
            environ[key] = value
        elif name in _ONLY_ONCE:
            raise RefusedRequest(400)
        elif name == "cookie":
            environ[key] += "; " + value
        else:
            environ[key] += "," + value
    if seen < len(headers):
        for name in _NEVER_DROPPED:
            if name in headers and _KEYS[name] not in environ:
                raise RefusedRequest(400)


def _check_host(environ: Environ, authority: str | None) -> None:
    host = environ.get("HTTP_HOST")
    if host is None:
        if environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            raise RefusedRequest(400)
    elif authority is not None and authority != host:
        # "GET http://other/ HTTP/1.1" with another Host: servers disagree on which of them counts.
        raise RefusedRequest(400)


def _check_framing(environ: Environ) -> None:
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    length = environ.get("CONTENT_LENGTH")
    if coding is not None and (
        length is not None or coding.lower() != "chunked" or environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    ):
        raise RefusedRequest(400)
    if length is not None and not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise RefusedRequest(400)
