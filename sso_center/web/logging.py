"""The log: one JSON object a line on standard error, with the request's id, and never a secret.

Imports no Flask by itself, so that the background process may use it too.
"""

import json
import logging
import re
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask, Response

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request under way, on every record, in the answer's X-Request-Id and on error pages."""

FRONT_ID = "sso_center.request_id"
"""Where a request's environ has its id, checked: under it the access is logged."""

REDACTED = "[redacted]"

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_SENSITIVE = (
    r"password|passwd|current|new|repeat|secret|client_secret|secret_key|token|csrf_token|access_token"
    r"|refresh_token|id_token|id_token_hint|logout_token|client_assertion|assertion|code|code_verifier"
    r"|code_challenge|state|nonce|ticket|cookie|set-cookie|authorization|(?:__host-)?sso(?:-[a-z]+)?"
)

_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic|dpop)\s+[A-Za-z0-9+/=._~-]+"), rf"\1 {REDACTED}"),
    # name=value, "name": "value", name: value, as queries, cookies, JSON, headers and repr() write them.
    (
        re.compile(
            rf"(?i)(?<![a-z_])({_SENSITIVE})([\"']?\s*(?:=|:)\s*)"
            r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&;,})\]]+)"
        ),
        rf"\1\2{REDACTED}",
    ),
    # The user and password of a store's address.
    (re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@"), f"{REDACTED}@"),
    # JWTs, and whatever is long and random enough to be a secret of ours: those have 43 characters and more.
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+"), REDACTED),
    (re.compile(r"(?<![A-Za-z0-9_/-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_/-])"), REDACTED),
)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class JSONFormatter(logging.Formatter):
    """Writes a record as one line of JSON, redacted: the one place that all text passes on its way out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for `record`, without its newline."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if found := request_id.get():
            line["request_id"] = found
        for name, value in vars(record).items():
            if name not in _STANDARD:
                line[name] = value if isinstance(value, int | float | None) else _safe(name, str(value))
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = redact(record.stack_info)
        return json.dumps(line, ensure_ascii=False)


def _safe(name: str, value: str) -> str:
    if re.fullmatch(_SENSITIVE, name, re.IGNORECASE):
        return REDACTED
    return redact(value)


def configure(level: str) -> None:
    """Send this process's records of `level` (debug, info, warning, error) and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # These tell of every connection and of every form that was opened yesterday.
    for noisy in ("urllib3", "flask_wtf.csrf", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def note_request_id(environ: dict[str, Any]) -> None:
    """Keep the id that a request brings when it is well-formed, otherwise draw one."""
    given = environ.get("HTTP_X_REQUEST_ID")
    if given is None or not _GIVEN_ID.fullmatch(given):
        given = environ["HTTP_X_REQUEST_ID"] = new_request_id()
    environ[FRONT_ID] = given


def new_request_id() -> str:
    """Return a fresh request id: 64 random bits in hex."""
    return secrets.token_hex(8)


def install(app: "Flask") -> None:
    """Give every request of `app` an id, unless the front or a trusted proxy has done so."""
    from flask import request  # noqa: PLC0415

    from sso_center.web.address import comes_from_trusted_proxy  # noqa: PLC0415

    def begin() -> None:
        request_id.set(request.environ.get(FRONT_ID) or _given() or new_request_id())

    def _given() -> str:
        given = request.headers.get("X-Request-Id", "")
        return given if _GIVEN_ID.fullmatch(given) and comes_from_trusted_proxy() else ""

    def log(response: "Response") -> "Response":
        response.headers["X-Request-Id"] = request_id.get()
        return response

    def finish(_error: BaseException | None) -> None:
        request_id.set("")

    app.before_request(begin)
    app.after_request(log)
    app.teardown_request(finish)
