"""Applies each ending to the view, and removes the stored sessions that it ended."""

import logging
from dataclasses import dataclass

from client_sdk.core.clock import Clock
from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.view import View
from client_sdk.core.errors import Unavailable
from client_sdk.core.sessions.session_store import SessionStore

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class EndingHandler:
    """Applies what the feed says, by either of its forms."""

    clock: Clock
    view: View
    sessions: SessionStore

    def apply_feed(self, news: FeedAnswer, sent_at: int) -> None:
        """Apply an answer to a question that was sent at `sent_at` (steady clock, ms)."""
        for ending in self.view.apply_feed(news, sent_at=sent_at, heard=self.clock.steady()):
            if not self._end_stored(ending):
                # Wait once for a store that is away, not for each ending: the next question must not be late.
                break

    def apply_event(self, ending: Ending) -> bool:
        """Apply an event of the stream; return whether it was news."""
        is_news = self.view.apply_event(ending, self.clock.steady())
        if is_news:
            self._end_stored(ending)
        return is_news

    def _end_stored(self, ending: Ending) -> bool:
        try:
            if ending.kind is Kind.SESSION:
                self.sessions.end(ending.sid, self.clock.wall())
            elif ending.kind is Kind.USER:
                self.sessions.end_user(ending.sub, ending.at)
        except Unavailable as failed:
            # The view has it in any case, here and in every process that follows the feed.
            log.warning("an ended session stays stored: %s", failed)
            return False
        return True
