"""The feed of endings in JSON: `GET /endings`. Its answer is complete up to a position."""

from dataclasses import dataclass
from urllib.parse import quote

from client_sdk.core.endings.ending import Ending, read_ending
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center, with_client
from client_sdk.core.http.transport import HttpRequest, HttpResponse, check_ok
from client_sdk.core.sessions.position import Position
from client_sdk.core.settings import Settings

PATH = "/endings"
SHORTEST_PATIENCE = 1.0
"""Seconds that any center is given to answer."""


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """The journal's entries after `after`. What was acknowledged before the answer is at `position` or below.

    Unless it `is_whole`, some of those entries are missing here.
    """

    after: Position | None
    position: Position
    is_whole: bool
    endings: tuple[Ending, ...]


def fetch(center: Center, after: Position | None) -> FeedAnswer:
    """Fetch what was recorded after `after`. Raises Unavailable, which the caller logs."""
    return process_response(center.send(build_request(center.settings, after)), after)


def build_request(settings: Settings, after: Position | None) -> HttpRequest:
    """Build the question what was recorded after `after`; without `after`, where the journal is now."""
    asked = HttpRequest(
        "GET",
        address(settings, after),
        {"Accept": "application/json"},
        is_repeatable=True,
        # By then the next question is due, and may have better luck.
        patience=max(settings.max_staleness / 3, SHORTEST_PATIENCE),
    )
    return with_client(asked, settings)


def address(settings: Settings, after: Position | None) -> str:
    """Return the feed's address for entries after `after`."""
    query = "" if after is None else f"?after={quote(str(after), safe=':')}"
    return settings.issuer + PATH + query


def process_response(response: HttpResponse, after: Position | None) -> FeedAnswer:
    """Return the feed's answer. Raises Unavailable, with code `feed_missing` when the center has no feed."""
    check_status(response.status)
    document = response.json_object()
    position, is_whole = Position.parse(document.get("position")), document.get("is_whole")
    events = document.get("endings")
    if position is None or not isinstance(is_whole, bool) or not isinstance(events, list):
        raise Unavailable("center_malformed", "The center's answer about endings can't be read.")
    endings = [read_ending(event) for event in events]
    if None in endings:
        raise Unavailable("center_malformed", "The center sent an ending that can't be read.")
    return FeedAnswer(after, position, is_whole, tuple(ending for ending in endings if ending is not None))


def check_status(status: int) -> None:
    """Raise Unavailable unless the status of an answer of the feed is 200."""
    if status in (404, 405, 406):
        raise Unavailable("feed_missing", "The center has no feed of endings.", actual=status)
    if status == 400:
        raise Unavailable("center_malformed", "The center does not accept the position.")
    check_ok(status)
