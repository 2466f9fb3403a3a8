"""What this process knows of the center's sessions, and as of when."""

import threading

from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.tombstone import NEVER, Tombstone, is_as_late
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.position import Moment, Position
from client_sdk.core.threads.fork import renew_after_fork
from client_sdk.core.threads.lru import LRU

CAPACITY = 20_000


class View:
    """The endings that this process knows, and when each session was last proved alive.

    The view covers the journal's positions from the floor up to `position`, as of `fresh_as_of`. It holds
    every ending that the center acknowledged before that moment and that concerns a session which was alive
    at the floor or later. The latest knowledge wins: when the center says that a session is alive which we
    took for ended, it is alive. Memory is bounded; forgetting an ending raises the floor, so that the center
    is asked again and nothing is assumed.

    Reading takes no lock. An order makes that safe: writers put tombstones first, then move the position,
    then freshness, and raise the floor before they forget; readers look in the reverse order.
    """

    def __init__(self, client_id: str = "", capacity: int = CAPACITY) -> None:
        self._client_id = client_id
        self._capacity = capacity
        self._sessions: LRU[str, Tombstone] = LRU(capacity)
        self._users: LRU[str, Tombstone] = LRU(capacity)
        self._roles: LRU[str, Tombstone] = LRU(capacity)
        self._clients: LRU[str, Tombstone] = LRU(capacity)
        self._tokens: LRU[str, Tombstone] = LRU(capacity)
        self._void_until = NEVER
        self._token_heard = NEVER
        self._known_from = NEVER
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start without certainty: what the parent learns from now on does not reach the child."""
        self._lock = threading.Lock()
        self._proofs: LRU[str, Moment] = LRU(self._capacity)
        self.fresh_as_of: int | None = None
        self._floor: Position | None = None
        self.position: Position | None = None

    # What requests ask

    def has_ended(self, session: LocalSession, opened: int) -> bool:
        """Say whether the session is known to have ended, by itself or by a cut-off.

        `opened` is when it was opened here (steady clock, ms). An ending heard before that may be an earlier
        one: a person who left only this site comes back into the same session, in another process.
        """
        user = session.user
        mark, of_user = self._sessions.get(user.sid), self._users.get(user.sub)
        if mark is not None and mark.is_over and opened <= mark.heard:
            return True
        stamped = session.stamped_at_latest
        if stamped <= self._void_until or (of_user is not None and stamped <= of_user.cut_off):
            return True
        return len(self._roles) > 0 and any(self._is_cut_off(role, stamped) for role in user.roles)

    def has_changed(self, sid: str, sub: str, since: int) -> bool:
        """Say whether anything may have ended for this session or user after `since` (steady clock, ms)."""
        mark, of_user = self._sessions.get(sid), self._users.get(sub)
        if (mark is not None and mark.heard >= since) or (of_user is not None and of_user.heard >= since):
            return True
        return since <= self._known_from

    def is_in_doubt(self, session: LocalSession, since: int) -> bool:
        """Say whether anything may have happened to the session after `since` (steady clock, ms)."""
        user = session.user
        of_user = self._users.get(user.sub)
        if of_user is not None and of_user.excludes(session):
            return self.has_changed(user.sid, "", since)
        return self.has_changed(user.sid, user.sub, since)

    def has_changed_for_token(self, jti: str, client_id: str, since: int) -> bool:
        """Say whether this token, or all tokens of its client, may have been revoked after `since`."""
        of_client = self._clients.get(client_id)
        if of_client is not None and of_client.heard >= since:
            return True
        if self._token_heard < since:
            return False
        # The id of an access token begins with the id of its family.
        marks = (self._tokens.get(jti), self._tokens.get(jti.rpartition(".")[0]))
        return not jti or any(mark is not None and mark.heard >= since for mark in marks)

    def proof(self, sid: str) -> Moment | None:
        """Return the latest moment at which the center said that the session is alive."""
        return self._proofs.get(sid)

    def covers(self, session: LocalSession) -> bool:
        """Say whether this view has every ending of the session since it was proved alive."""
        proof = self._proofs.get(session.user.sid)
        if proof is not None and proof.position is not None and self._is_covered(session, proof.position):
            return True
        return session.good_at is not None and self._is_covered(session, session.good_at)

    def _is_covered(self, session: LocalSession, good_at: Position) -> bool:
        mark, of_user = self._sessions.get(session.user.sid), self._users.get(session.user.sub)
        if mark is not None and (mark.is_over or not mark.is_behind(good_at)):
            return False
        if of_user is not None and not of_user.excludes(session) and not of_user.is_behind(good_at):
            return False
        floor = self._floor
        return floor is not None and floor.lineage == good_at.lineage and floor.number <= good_at.number

    def _is_cut_off(self, role: str, stamped: int) -> bool:
        mark = self._roles.get(role)
        return mark is not None and stamped <= mark.cut_off

    # Answers of the center about single sessions

    def apply_check(self, sid: str, *, is_alive: bool, sent: Moment) -> None:
        """Apply an answer about one session; it is true as of when the question was sent."""
        if is_alive:
            self.prove(sid, sent)
            return
        with self._lock:
            proof = self._proofs.get(sid)
            if proof is None or proof.as_of <= sent.as_of:
                self._end(sid, Tombstone(sent.as_of, self._next(), is_over=True))

    def prove(self, sid: str, sent: Moment) -> None:
        """Note that the session was alive when the question was sent, not when the answer came."""
        with self._lock:
            mark, known = self._sessions.get(sid), self._proofs.get(sid)
            if sent.as_of <= self._known_from or (mark is not None and sent.as_of <= mark.heard):
                return
            if known is None or sent.as_of > known.as_of:
                self._proofs.put(sid, sent)
            self._sessions.pop(sid)

    def end_session(self, sid: str, heard: int) -> None:
        """Note that the session ended; `heard` is when we learned of it, by the steady clock."""
        with self._lock:
            self._end(sid, Tombstone(heard, self._next(), is_over=True))

    def cut_off_user(self, sub: str, at: int, heard: int) -> None:
        """Note that whatever the center stamped for a user up to `at` (its clock, ms) ended."""
        with self._lock:
            self._cut_off(self._users, sub, at, heard, self._next())

    # The feed

    def apply_event(self, ending: Ending, heard: int) -> bool:
        """Apply an event of the stream; return whether it was news. A stream never makes the view fresh."""
        with self._lock:
            return self._hear(ending, heard)

    def apply_feed(self, news: FeedAnswer, *, sent_at: int, heard: int) -> list[Ending]:
        """Apply an answer to a question that was sent at `sent_at`; return those of its endings that are new.

        The view is then fresh as of the sending, not as of when the answer came: that may be much later.
        """
        with self._lock:
            is_late = self.fresh_as_of is not None and sent_at <= self.fresh_as_of
            is_other = self.position is not None and self.position.lineage != news.position.lineage
            if is_late and is_other:
                # It is older than the answer that announced the new lineage.
                return []
            new = [ending for ending in news.endings if self._hear(ending, heard)]
            self._move(news)
            self.fresh_as_of = sent_at if self.fresh_as_of is None else max(self.fresh_as_of, sent_at)
            return new

    def _move(self, news: FeedAnswer) -> None:
        known, after, position = self.position, news.after, news.position
        if known is None or known.lineage != position.lineage:
            self._floor = self.position = position
            return
        is_behind = after is not None and position.number < after.number
        is_joined = after is not None and after.lineage == known.lineage and after.number <= known.number
        if is_behind:
            # The center will use these numbers again; until it has passed them they prove nothing.
            self._raise_floor(Position(known.lineage, known.number + 1))
        elif not news.is_whole or not is_joined:
            self._raise_floor(position)
        self.position = max(known, position, key=lambda place: place.number)

    def _hear(self, ending: Ending, heard: int) -> bool:
        kind, position = ending.kind, ending.position
        if kind is Kind.SESSION:
            return self._end(ending.sid, Tombstone(heard, position, is_over=True))
        if kind is Kind.LEAVE:
            return self._ask_again(self._sessions, ending.sid, Tombstone(heard, position))
        if kind is Kind.USER:
            return self._cut_off(self._users, ending.sub, ending.at, heard, position)
        if kind is Kind.CHANGE:
            return self._ask_again(self._users, ending.sub, Tombstone(heard, position))
        if kind is Kind.TOKEN:
            return self._hear_of_tokens(ending, heard)
        return self._hear_of_many(ending, heard)

    def _hear_of_many(self, ending: Ending, heard: int) -> bool:
        if ending.kind is Kind.CLIENT:
            is_news = self._cut_off(self._clients, ending.name, ending.at, heard, ending.position)
            if ending.name != self._client_id:
                return is_news
        if ending.kind is Kind.ROLE:
            self._cut_off(self._roles, ending.name, ending.at, heard, ending.position)
        elif ending.kind is not Kind.UNKNOWN:
            self._void_until = max(self._void_until, ending.at)
        if self._floor is not None and is_as_late(self._floor, ending.position):
            return False
        self._raise_floor(ending.position, heard)
        return True

    def _hear_of_tokens(self, ending: Ending, heard: int) -> bool:
        is_news = [
            self._ask_again(self._tokens, name, Tombstone(heard, ending.position)) for name in ending.tokens
        ]
        self._token_heard = max(self._token_heard, heard)
        return any(is_news)

    def _end(self, sid: str, mark: Tombstone) -> bool:
        known = self._sessions.get(sid)
        is_news = known is None or not known.is_over
        if is_news or (known is not None and mark.heard > known.heard):
            self._put(self._sessions, sid, mark)
        self._proofs.pop(sid)
        return is_news

    def _cut_off(
        self, marks: LRU[str, Tombstone], name: str, at: int, heard: int, position: Position | None
    ) -> bool:
        known = marks.get(name)
        if known is not None and known.cut_off >= at:
            return False
        self._put(marks, name, Tombstone(heard, position, cut_off=at, is_doubt=False).merged_with(known))
        return True

    def _ask_again(self, marks: LRU[str, Tombstone], name: str, mark: Tombstone) -> bool:
        """Put a tombstone unless the same or a later one is there: a repeated event is no news."""
        known = marks.get(name)
        if known is not None and (known.is_over or is_as_late(known.position, mark.position)):
            return False
        self._put(marks, name, mark.merged_with(known))
        return True

    def _put(self, marks: LRU[str, Tombstone], name: str, mark: Tombstone) -> None:
        forgotten = marks.evicted_by(name)
        if forgotten is not None:
            self._raise_floor(forgotten.position, forgotten.heard)
        marks.put(name, mark)

    def _raise_floor(self, position: Position | None, heard: int = NEVER) -> None:
        """Require a proof at `position` or later, and after `heard`, of whoever counts without a question."""
        self._known_from = max(self._known_from, heard)
        floor = self._floor
        if floor is None or position is None or position.lineage != floor.lineage:
            return
        if position.number > floor.number:
            self._floor = position

    def _next(self) -> Position | None:
        """Return the earliest position that an ending can have which did not come by the feed."""
        known = self.position
        return None if known is None else Position(known.lineage, known.number + 1)
