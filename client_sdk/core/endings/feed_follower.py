"""Follows the center's feed of endings, in two threads for each process.

One polls JSON every third of `max_staleness`, which keeps the view fresh; the other holds the stream open
(stream_listener.py). They start with the first request that needs them, and again after a fork.
"""

import logging
import random
import threading

from client_sdk.core.clock import Clock
from client_sdk.core.endings import feed
from client_sdk.core.endings.ending_handler import EndingHandler
from client_sdk.core.endings.stream_listener import StreamListener
from client_sdk.core.endings.usage_reporter import UsageReporter
from client_sdk.core.endings.view import View
from client_sdk.core.errors import Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.sessions.session_store import SessionStore
from client_sdk.core.settings import Settings
from client_sdk.core.threads.background import BackgroundThread, obstacle
from client_sdk.core.threads.fork import renew_after_fork

RARELY, REFUSED = 600_000, 60_000
"""Milliseconds until the next try at a center that has no feed, or refuses this client."""
FIRST_PAUSE = 500
GRACE = 1_000
"""Milliseconds that the thread may be late before a request wakes it, as after a computer's sleep."""

log = logging.getLogger("client_sdk")


class FeedFollower:
    """Keeps the view fresh, and reports to the center which sessions are used."""

    def __init__(
        self, settings: Settings, clock: Clock, center: Center, view: View, sessions: SessionStore
    ) -> None:
        self._is_on = settings.follow
        self._interval = int(settings.max_staleness * 1000) // 3
        self._clock = clock
        self._center = center
        self._view = view
        self._handler = EndingHandler(clock, view, sessions)
        self._uses = UsageReporter(clock, center, view)
        self.note_use = self._uses.note
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start again in the child, which has none of the parent's threads."""
        # Reentrant: the garbage collector may stop a site in any thread, ours too.
        self._lock = threading.RLock()
        self._listener = StreamListener(self._clock, self._center, self._view, self._handler, self.poll_soon)
        self._poller = BackgroundThread("sso-endings", self._poll)
        self._listening = BackgroundThread("sso-endings-stream", self._listener.turn)
        self._failures = 0
        self._trouble = ""
        self._restarts = False
        self._due = 0.0 if self._is_on else float("inf")

    def ensure_running(self, now: int) -> None:
        """Start the threads, or wake a late one; `now` is by the steady clock (ms). On every request."""
        if now >= self._due:
            self._catch_up(now)

    def poll_soon(self) -> None:
        """Poll at once instead of at the next time."""
        self._poller.wake()

    def stop(self) -> None:
        """Stop following; the center is then asked about each session."""
        with self._lock:
            self._is_on = False
            self._due = float("inf")
        self._poller.stop()
        self._listening.stop()
        self._listener.stop()

    def _catch_up(self, now: int) -> None:
        with self._lock:
            if now < self._due:
                return
            self._due = now + self._interval
            problem = obstacle() or self._begin()
            if problem:
                self._due = float("inf")
                log.warning("the feed of endings can't be followed in the background: %s", problem)

    def _begin(self) -> str:
        try:
            if not self._poller.start():
                self._poller.wake()
        except RuntimeError as failed:
            return f"no thread can be started ({failed})"
        return ""

    def _poll(self) -> float:
        sent_at = self._clock.steady()
        try:
            after = None if self._restarts else self._view.position
            self._handler.apply_feed(feed.fetch(self._center, after), sent_at)
        except Unavailable as failed:
            pause = self._pause_after(failed)
        else:
            self._log_trouble("")
            self._failures, self._restarts = 0, False
            self._listening.start()
            # Counted from sending, as freshness is. With jitter, so that processes don't poll in step.
            pause = int(self._interval * random.uniform(0.85, 1.0))  # noqa: S311 - nobody gains by guessing it
            self._uses.report(until=sent_at + pause)
        now = self._clock.steady()
        rest = max(sent_at + pause - now, 0)
        with self._lock:
            if self._is_on:
                self._due = now + rest + GRACE
        return rest / 1000

    def _pause_after(self, failed: Unavailable) -> int:
        self._log_trouble(failed.code, failed)
        self._failures = min(self._failures + 1, 10)
        # The same entries would be unreadable again: start without a position, and ask about all sessions
        # once.
        self._restarts = failed.code == "center_malformed"
        if failed.code == "feed_missing":
            return RARELY
        if failed.code == "center_refused_client":
            return REFUSED
        longest = min(FIRST_PAUSE * 2**self._failures, self._interval)
        return int(longest * random.uniform(0.5, 1.0))  # noqa: S311 - nobody gains by guessing it

    def _log_trouble(self, trouble: str, failed: Unavailable | None = None) -> None:
        """Log when a trouble begins and ends, not each time it occurs."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if failed is not None:
            log.warning(
                "the feed of endings can't be followed, the center is asked about each session: %s", failed
            )
        else:
            log.info("the feed of endings is followed again")
