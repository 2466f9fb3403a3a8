"""The session of a request: one that counts, one that ended, none, or one that can't be judged now."""

import logging
from dataclasses import dataclass

from client_sdk.core.clock import Clock
from client_sdk.core.endings.feed_follower import FeedFollower
from client_sdk.core.endings.view import View
from client_sdk.core.errors import Unavailable
from client_sdk.core.liveness.decision import Verdict, decide
from client_sdk.core.liveness.session_checker import SessionChecker
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.session_store import SessionStore
from client_sdk.core.settings import Settings
from client_sdk.core.threads.fork import notice_fork
from client_sdk.core.web.addresses import Addresses
from client_sdk.core.web.messages import read_cookie

TRIES = 3

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class RequestSession:
    """The session of a request, or the sid of one that ended, or the failure that prevents a decision."""

    session: LocalSession | None = None
    ended_sid: str = ""
    failure: Unavailable | None = None


NOBODY = RequestSession()


class RequestSessions:
    """Finds and judges the sessions of requests."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        addresses: Addresses,
        sessions: SessionStore,
        view: View,
        asker: SessionChecker,
        follower: FeedFollower,
    ) -> None:
        self._fail_open = settings.fail_open
        self._max_staleness = int(settings.max_staleness * 1000)
        self._clock = clock
        self._addresses = addresses
        self._sessions = sessions
        self._view = view
        self._asker = asker
        self._follower = follower

    def of_cookies(self, cookies: str | None, scheme: str) -> RequestSession:
        """Return the session of a request with this `Cookie` header, over `scheme`."""
        notice_fork()
        value = read_cookie(cookies, self._addresses.names(scheme).session)
        if not value:
            # This visitor may sign in soon: by then this process should follow the feed.
            self._follower.ensure_running(self._clock.steady())
            return NOBODY
        try:
            session = self._sessions.find(value)
        except Unavailable as failed:
            log.warning("no session can be read: %s", failed)
            return RequestSession(failure=failed)
        return NOBODY if session is None else self._judge(session)

    def of_session(self, session: LocalSession) -> RequestSession:
        """Judge a session; ask the center when memory can't decide."""
        notice_fork()
        return self._judge(session)

    def _judge(self, session: LocalSession) -> RequestSession:
        steady = self._clock.steady()
        self._follower.ensure_running(steady)
        verdict = self._decide(session, steady)
        if verdict is Verdict.ASK:
            return self._ask(session)
        if verdict is Verdict.COUNTS:
            self._follower.note_use(session.user.sid, steady)
        return _outcome(session, verdict)

    def _decide(self, session: LocalSession, steady: int) -> Verdict:
        return decide(
            session,
            self._view,
            wall=self._clock.wall(),
            steady=steady,
            max_staleness=self._max_staleness,
        )

    def _ask(self, session: LocalSession) -> RequestSession:
        sid = session.user.sid
        # An event that arrives while the question is under way outdates its answer: ask again.
        for _ in range(TRIES):
            try:
                reply = self._asker.ask(sid)
            except Unavailable as failed:
                return RequestSession(session) if self._fail_open else RequestSession(failure=failed)
            self._view.apply_check(sid, is_alive=reply.is_alive, sent=reply.sent)
            now = self._clock.steady()
            verdict = self._decide(session, now)
            if verdict is not Verdict.ASK:
                return _outcome(session, verdict)
            if now - reply.sent.as_of >= self._max_staleness:
                break
        late = Unavailable("center_failed", "The center's answer came too late to count.")
        return RequestSession(failure=late)


def _outcome(session: LocalSession, verdict: Verdict) -> RequestSession:
    if verdict is Verdict.COUNTS:
        return RequestSession(session)
    return RequestSession(ended_sid=session.user.sid) if verdict is Verdict.ENDED else NOBODY
