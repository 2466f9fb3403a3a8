"""The fake center's feed of endings, as JSON and as a stream."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

from client_sdk.core.http.transport import HttpResponse
from client_sdk.testing.journal import Journal
from client_sdk.testing.wire import json_answer


class Feed:
    """Tells of a journal while it `is_there`; streams end when `is_over` says so."""

    def __init__(self, journal: Journal, is_there: Callable[[], bool], is_over: Callable[[], bool]) -> None:
        self._journal = journal
        self._is_there = is_there
        self._is_over = is_over

    def answer(self, query: str) -> HttpResponse:
        """Answer at once."""
        if not self._is_there():
            return json_answer(404, {"error": "not_found"})
        try:
            return json_answer(200, self._journal.since(_after(query)))
        except ValueError:
            return json_answer(400, {"error": "invalid_request"})

    def stream(self, query: str) -> HttpResponse | Iterator[bytes]:
        """Answer piece by piece, as it happens."""
        if not self._is_there() or self._is_over():
            return json_answer(503, {"error": "temporarily_unavailable"})
        try:
            return self._journal.stream(_after(query), self._is_over)
        except ValueError:
            return json_answer(400, {"error": "invalid_request"})


def _after(query: str) -> str | None:
    return dict(parse_qsl(query)).get("after")
