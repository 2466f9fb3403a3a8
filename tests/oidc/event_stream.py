"""An event stream as a client reads it: lines, until a blank one ends an event (WHATWG HTML section 9.2)."""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import requests

from tests.harness.site import Site

PATIENCE = 60.0


class EventStream:
    """One open stream of a site."""

    def __init__(self, site: Site, after: str = "", **headers: str) -> None:
        self.answer: requests.Response = site.http.get(
            site.center.url("/endings"),
            params={"after": after} if after else {},
            auth=site.auth,
            headers={"Accept": "text/event-stream", **headers},
            stream=True,
            timeout=PATIENCE,
        )
        self._lines = self.answer.iter_lines(chunk_size=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answer.close()

    def next(self) -> dict[str, Any]:
        """Wait for the next event; `data` is decoded. Raises StopIteration at the end of the stream."""
        event: dict[str, Any] = {}
        for line in self._lines:
            name, _, value = line.decode().partition(": ")
            if name:
                event[name] = value
            elif "data" in event:
                return {**event, "data": json.loads(event["data"])}
            else:
                event = {}
        raise StopIteration

    def rest(self) -> Iterator[dict[str, Any]]:
        """Yield events until the stream ends."""
        while True:
            try:
                yield self.next()
            except StopIteration:
                return
