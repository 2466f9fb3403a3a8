"""The one decision: does this local session still count."""

from enum import Enum

from client_sdk.core.identity import LocalSession
from client_sdk.core.view import View


class Verdict(Enum):
    """What is to be done with a local session."""

    COUNTS = "counts"
    ENDED = "ended"
    EXPIRED = "expired"
    ASK = "ask"
    """This process does not know: ask the center, and serve nothing before it answers."""


def decide(session: LocalSession, view: View, *, wall: int, steady: int, max_staleness: int) -> Verdict:
    """Decide from memory alone; changes nothing.

    `wall` and `steady` are the two clocks' readings, `max_staleness` how old a proof may be, all in
    milliseconds. A session is thereby never accepted later than `max_staleness` after the
    center acknowledged that it ended.
    """
    if wall >= session.expires_at:
        return Verdict.EXPIRED
    if view.has_ended(session):
        return Verdict.ENDED
    proved_at = view.proved_at(session.user.sid)
    if proved_at is None or not 0 <= steady - proved_at < max_staleness:
        return Verdict.ASK
    return Verdict.COUNTS
