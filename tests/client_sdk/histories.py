"""Random histories of a center and of processes that follow it, checked against what the center knows.

Answers are delayed, lost and overtake each other; streams lose events and repeat them; processes fork, and
forget for want of room; the center loses history, is restored, and takes back in every way it has. The
model keeps one thing beside the code: when what each local session hangs on was acknowledged to be over.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.view import View
from client_sdk.core.liveness.decision import Verdict, decide
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.position import Moment, Position

T = TypeVar("T")
MAX_STALENESS = 30
STEPS = 45
WAYS = {
    Kind.SESSION: 4,
    Kind.LEAVE: 1,
    Kind.USER: 1,
    Kind.ROLE: 1,
    Kind.CLIENT: 1,
    Kind.EVERYONE: 1,
    Kind.CHANGE: 1,
    Kind.UNKNOWN: 1,
}
SUBS, ROLES = ("ann", "bob"), ((), ("staff",))


@dataclass
class _Login:
    """A local session of the site, in a cookie that every process reads; `over_at` is the truth."""

    session: LocalSession
    over_at: int | None = None


class _Center:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.lineage, self.number, self.low = "a", 0, 0
        self.journal: list[Ending] = []
        self.logins: list[_Login] = []
        self.dead: set[str] = set()
        self.left: set[str] = set()
        self.off: set[str] = set()

    def position(self) -> Position:
        return Position(self.lineage, self.number)

    def news(self, after: Position | None) -> FeedAnswer:
        position = self.position()
        if after is None:
            return FeedAnswer(None, position, True, ())
        if after.lineage != self.lineage or not self.low <= after.number <= self.number:
            return FeedAnswer(after, position, False, ())
        told = tuple(ending for ending in self.journal if ending.position.number > after.number)
        return FeedAnswer(after, position, True, told)

    def is_alive(self, login_sid: str, sub: str) -> bool:
        return login_sid not in self.dead and login_sid not in self.left and sub not in self.off

    def take_back(self, now: int) -> None:
        """Take something back in one of the ways there are; acknowledged at `now`."""
        random = self.random
        kind = random.choices(tuple(WAYS), tuple(WAYS.values()))[0]
        self.number += 1
        sid = random.choice(self.logins).session.user.sid if self.logins else "none"
        sub = random.choice(SUBS)
        name = {Kind.ROLE: "staff", Kind.CLIENT: "shop"}.get(kind, "")
        one = kind in (Kind.SESSION, Kind.LEAVE)
        of_user = kind in (Kind.USER, Kind.CHANGE)
        self.journal.append(
            Ending(kind, self.position(), now, sid if one else "", sub if of_user else "", name)
        )
        self._apply(kind, sid, sub, now)

    def _apply(self, kind: Kind, sid: str, sub: str, now: int) -> None:
        for login in self.logins:
            user = login.session.user
            is_meant = {
                Kind.SESSION: user.sid == sid,
                Kind.LEAVE: user.sid == sid,
                Kind.USER: user.sub == sub,
                Kind.CHANGE: user.sub == sub,
                Kind.ROLE: "staff" in user.roles,
                Kind.UNKNOWN: False,
            }.get(kind, True)
            if is_meant and login.over_at is None:
                login.over_at = now
            if is_meant:
                (self.left if kind in (Kind.LEAVE, Kind.CLIENT) else self.dead).add(user.sid)
        if kind is Kind.CHANGE:
            # The account is closed, and nothing but this entry says so.
            self.off.add(sub)

    def restore(self) -> None:
        self.lineage += "a"
        self.number = self.low = self.random.randrange(3)
        self.journal = []

    def forget(self) -> None:
        self.low, self.journal = self.number, []


class History:
    """One history: `run` it. Raises AssertionError when a session is accepted too late."""

    def __init__(self, seed: int, new_view: Callable[[int], View]) -> None:
        self._random = Random(seed)
        self._center = _Center(self._random)
        capacity = self._random.choice((2, 100))
        self._views = [new_view(capacity), new_view(capacity)]
        # The views are of processes of one machine; a fork renews one in place, which is the child.
        self._late: list[Callable[[], object]] = []
        self._now = 1000
        self.accepted = 0

    def run(self) -> int:
        """Let it happen; returns how often a session was accepted from memory."""
        random = self._random
        deeds = (
            (self._poll, 22),
            (self._arrive, 30),
            (self._log_in, 12),
            (self._ask, 8),
            (self._take_back, 10),
            (self._listen, 8),
            (self._give_notice, 2),
            (self._fork, 2),
            (self._center.restore, 1),
            (self._center.forget, 1),
            (self._rejoin, 3),
        )
        chosen = random.choices([deed for deed, _ in deeds], [often for _, often in deeds], k=STEPS)
        for deed in chosen:
            deed()
            self._now += random.choice((0, 1, 1, 3, 9))
            self._look()
        return self.accepted

    def _look(self) -> None:
        now = self._now
        for login in self._center.logins[-6:]:
            for view in self._views:
                verdict = decide(login.session, view, wall=now, steady=now, max_staleness=MAX_STALENESS)
                if verdict is Verdict.COUNTS:
                    self.accepted += 1
                    late = None if login.over_at is None else now - login.over_at
                    assert late is None or late < MAX_STALENESS, f"accepted {late} after its end"

    def _later(self, arrives: Callable[[], object]) -> None:
        """Let something arrive soon, or later than others, or never."""
        if self._random.random() < 0.5:
            self._pass_time()
            arrives()
        elif self._random.random() < 0.8:
            self._late.append(arrives)

    def _pass_time(self) -> None:
        self._now += self._random.choice((0, 0, 1, 8, 25))

    def _arrive(self) -> None:
        if self._late:
            self._late.pop(self._random.randrange(len(self._late)))()

    def _poll(self) -> None:
        view, sent_at = self._random.choice(self._views), self._now
        after = None if self._random.random() < 0.1 else view.position
        news = self._while_under_way(lambda: self._center.news(after))
        self._later(lambda: view.apply_feed(news, sent_at=sent_at, heard=self._now))

    def _ask(self) -> None:
        if not self._center.logins:
            return
        view = self._random.choice(self._views)
        user = self._random.choice(self._center.logins).session.user
        sent = Moment(self._now, view.position)
        is_alive = self._while_under_way(lambda: self._center.is_alive(user.sid, user.sub))
        self._later(lambda: view.apply_check(user.sid, is_alive=is_alive, sent=sent))

    def _log_in(self) -> None:
        sub = self._random.choice(SUBS)
        if sub in self._center.off:
            return
        number = len(self._center.logins)
        user = User.from_claims(f"s{number}", {"sub": sub, "roles": self._random.choice(ROLES)})
        view = self._random.choice(self._views)
        sent = Moment(self._now, view.position)
        stamp = self._now if self._random.random() < 0.7 else None
        session = LocalSession(
            user, self._now / 1000, self._now, self._now + 10_000, stamp=stamp, good_at=sent.position
        )
        # The center's stamps never repeat the moment of a cut-off.
        self._now += 1
        self._center.logins.append(_Login(replace(session, stamp=self._now if stamp else None)))
        self._now += 1
        if self._random.random() < 0.9:
            self._later(lambda: view.prove(user.sid, sent))

    def _rejoin(self) -> None:
        center = self._center
        for login in center.logins:
            user = login.session.user
            if user.sid in center.left and user.sid not in center.dead and user.sub not in center.off:
                center.left.discard(user.sid)
                # The center answers by sid: an old cookie of a session that takes part again counts again.
                login.over_at = None
                return

    def _take_back(self) -> None:
        self._center.take_back(self._now)
        self._now += 1

    def _listen(self) -> None:
        view = self._random.choice(self._views)
        if self._center.journal:
            ending = self._random.choice(self._center.journal)
            self._later(lambda: view.apply_event(ending, self._now))

    def _give_notice(self) -> None:
        view = self._random.choice(self._views)
        gone = sorted(self._center.dead)
        if gone:
            view.end_session(self._random.choice(gone), self._now)

    def _fork(self) -> None:
        self._random.choice(self._views).after_fork()

    def _while_under_way(self, answer: Callable[[], T]) -> T:
        """Return an answer that is made somewhere between sending and receiving."""
        if self._random.random() < 0.3:
            said = answer()
            if self._random.random() < 0.5:
                self._pass_time()
                self._take_back()
            return said
        self._pass_time()
        return answer()
