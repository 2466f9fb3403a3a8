"""Answers of the front, and the refusals that become one."""

from http import HTTPStatus
from typing import NamedTuple

from sso_center.base.errors import SSOError
from sso_center.web.streams import Source


class Answer(NamedTuple):
    """A response: status, the application's headers, and a body or the source of a stream."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    source: Source | None = None


class RefusedRequest(SSOError):
    """A request that does not reach the application; `status` is the answer, `retry_after` in seconds."""

    def __init__(self, status: int, *, retry_after: int | None = None, allow: str | None = None) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status
        self.retry_after = retry_after
        self.allow = allow

    def answer(self) -> Answer:
        """Return the answer; it closes the connection, since the rest of its bytes can't be separated."""
        headers = _plain_headers()
        headers.append(("connection", "close"))
        if self.retry_after is not None:
            headers.append(("retry-after", str(self.retry_after)))
        if self.allow is not None:
            headers.append(("allow", self.allow))
        return Answer(self.status, headers, _reason(self.status))


def broken() -> Answer:
    """Return the answer to a request on which the application failed: no trace, no detail."""
    return Answer(500, _plain_headers(), _reason(500))


def _plain_headers() -> list[tuple[str, str]]:
    return [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ]


def _reason(status: int) -> bytes:
    return f"{status} {HTTPStatus(status).phrase}\n".encode()
