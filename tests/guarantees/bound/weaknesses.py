"""What the SDK would be without one of its mechanisms, so that the proof can be seen to fail."""

from collections.abc import Callable
from typing import Any

from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.view import View
from client_sdk.core.sessions.position import Position


def none() -> None:
    """Leave the SDK as it is."""


def fresh_from_receipt() -> None:
    """Count what an answer says from when it came, not from when its question was sent."""
    apply_feed = View.apply_feed

    def take_in_as_of_now(view: View, news: FeedAnswer, *, sent_at: int, heard: int) -> Any:
        return apply_feed(view, news, sent_at=heard, heard=heard)

    View.apply_feed = take_in_as_of_now  # type: ignore[method-assign]


def covers_all() -> None:
    """Take the view to cover the journal from its beginning, though it has read nothing of that."""
    move = View._move

    def move_and_keep_the_floor(view: View, news: FeedAnswer) -> None:
        move(view, news)
        view._floor = Position(news.position.lineage, 0)

    View._move = move_and_keep_the_floor  # type: ignore[method-assign]


WEAKNESSES: dict[str, Callable[[], None]] = {
    "": none,
    "fresh from receipt": fresh_from_receipt,
    "covers all": covers_all,
}
