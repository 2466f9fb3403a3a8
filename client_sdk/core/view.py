"""What this process knows of the center's sessions, and since when."""

import threading

from client_sdk.core.bounded import Bounded
from client_sdk.core.fork import renew_after_fork
from client_sdk.core.identity import LocalSession

CAPACITY = 20_000


class View:
    """Sessions known to be ended, and the moment as of which others were known to be alive.

    All moments are readings of the steady clock, in milliseconds. The latest knowledge wins: the center
    is the authority, and a session it proves alive after we took it for ended is alive. Memory is
    bounded; whatever had to be forgotten is asked for again, never assumed.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._proofs: Bounded[str, int] = Bounded(capacity)
        self._ended: Bounded[str, int] = Bounded(capacity)
        self._cut_offs: Bounded[str, tuple[float, int]] = Bounded(capacity)
        self._low = -1
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Know nothing for certain: what the parent learns from now on does not reach the child."""
        self._lock = threading.Lock()
        self._proofs = Bounded(self._capacity)

    def has_ended(self, session: LocalSession) -> bool:
        """Say whether the session is known to have ended, by itself or by a cut-off of its user."""
        if self._ended.get(session.user.sid) is not None:
            return True
        cut_off = self._cut_offs.get(session.user.sub)
        return cut_off is not None and session.issued_at <= cut_off[0]

    def has_changed(self, sid: str, sub: str, since: int) -> bool:
        """Say whether anything may have ended for this session or user after `since`."""
        if since <= self._low:
            return True
        ended_at, cut_off = self._ended.get(sid), self._cut_offs.get(sub)
        return (ended_at is not None and ended_at >= since) or (cut_off is not None and cut_off[1] >= since)

    def proved_at(self, sid: str) -> int | None:
        """Return the moment as of which the center said that the session is alive."""
        return self._proofs.get(sid)

    def prove(self, sid: str, as_of: int) -> None:
        """Note that the session was alive `as_of`: when the question was sent, not when the answer came."""
        with self._lock:
            ended_at = self._ended.get(sid)
            if as_of <= self._low or (ended_at is not None and as_of <= ended_at):
                return
            self._ended.pop(sid)
            known = self._proofs.get(sid)
            if known is None or as_of > known:
                self._proofs.put(sid, as_of)

    def end(self, sid: str, at: int) -> None:
        """Note that the session has ended."""
        with self._lock:
            self._proofs.pop(sid)
            if self._ended.put(sid, at):
                self._raise_low(at)

    def cut_off(self, sub: str, issued_before: float, at: int) -> None:
        """Note that no session of a user counts that the center issued up to then (its clock, seconds)."""
        with self._lock:
            known = self._cut_offs.get(sub)
            if known is not None and known[0] >= issued_before:
                return
            if self._cut_offs.put(sub, (issued_before, at)):
                self._raise_low(at)

    def _raise_low(self, at: int) -> None:
        # An ending was forgotten to make room. From here on only what is proved later counts.
        self._low = max(self._low, at)
        self._proofs.clear()
