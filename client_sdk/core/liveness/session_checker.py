"""Asks the center about sessions: once for all requests that wait for one, several in one question."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from client_sdk.core.endings.check import MAX_SIDS
from client_sdk.core.errors import Unavailable
from client_sdk.core.sessions.position import Moment
from client_sdk.core.threads.fork import renew_after_fork

PARALLEL = 4
PAUSE_AFTER_FAILURE = 1000
MAX_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the center, true as of when its question was sent."""

    is_alive: bool
    sent: Moment


class _Question:
    __slots__ = ("failure", "is_sent", "reply", "sid")

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.is_sent = False
        self.reply: Reply | None = None
        self.failure: Unavailable | None = None

    @property
    def is_answered(self) -> bool:
        return self.reply is not None or self.failure is not None


class SessionChecker:
    """Turns many threads' questions into few requests.

    `send` asks the center about up to `MAX_SIDS` sids and returns which are alive. A thread whose question
    nobody has sent yet sends it, with all others that wait: a single question goes out at once, and many
    after a restart share requests. For a second after a failure all are refused at once, so that a center
    that hangs does not hang every thread of the site too.
    """

    def __init__(
        self, send: Callable[[Sequence[str]], Mapping[str, bool]], moment: Callable[[], Moment]
    ) -> None:
        self._send = send
        self._moment = moment
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start with no question under way: the threads that asked live in the parent."""
        self._turn = threading.Condition()
        self._open: dict[str, _Question] = {}
        self._waiting: deque[_Question] = deque()
        self._senders = 0
        self._failed_at: int | None = None
        self._failure: Unavailable | None = None

    def ask(self, sid: str) -> Reply:
        """Return what the center says of a session. Raises Unavailable."""
        with self._turn:
            question = self._join(sid)
            while not question.is_answered:
                if self._waiting and self._senders < PARALLEL and not question.is_sent:
                    self._send_batch()
                else:
                    self._turn.wait()
        if question.reply is None:
            assert question.failure is not None
            raise question.failure.again()
        return question.reply

    def _join(self, sid: str) -> _Question:
        known = self._open.get(sid)
        if known is not None:
            return known
        if self._failure is not None and self._failed_at is not None:
            if self._moment().as_of - self._failed_at < PAUSE_AFTER_FAILURE:
                raise self._failure.again()
            self._failure = None
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("center_unreachable", "Too many sessions wait for the center's answer.")
        question = self._open[sid] = _Question(sid)
        self._waiting.append(question)
        return question

    def _send_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(MAX_SIDS, len(self._waiting)))]
        for question in batch:
            question.is_sent = True
        self._senders += 1
        sent = self._moment()
        replies: Mapping[str, bool] = {}
        failure: Unavailable | None = Unavailable(
            "center_failed", "The question to the center was broken off."
        )
        self._turn.release()
        try:
            replies = self._send([question.sid for question in batch])
            failure = None
        except Unavailable as failed:
            failure = failed
        finally:
            self._turn.acquire()
            self._senders -= 1
            self._settle(batch, replies, failure, sent)

    def _settle(
        self, batch: list[_Question], replies: Mapping[str, bool], failure: Unavailable | None, sent: Moment
    ) -> None:
        if failure is not None:
            self._failed_at, self._failure = self._moment().as_of, failure
            # The ones that wait would only meet the same failure.
            batch = [*batch, *self._waiting]
            self._waiting.clear()
        for question in batch:
            self._open.pop(question.sid, None)
            question.failure = failure
            if failure is None:
                question.reply = Reply(replies[question.sid], sent)
        self._turn.notify_all()
