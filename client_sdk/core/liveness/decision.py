"""The one decision: does this local session still count."""

from enum import Enum

from client_sdk.core.endings.view import View
from client_sdk.core.sessions.local_session import LocalSession


class Verdict(Enum):
    """What to do with a local session."""

    COUNTS = "counts"
    ENDED = "ended"
    EXPIRED = "expired"
    ASK = "ask"
    """This process does not know: ask the center, and serve nothing before it answers."""


def decide(session: LocalSession, view: View, *, wall: int, steady: int, max_staleness: int) -> Verdict:
    """Decide from memory alone; changes nothing.

    `wall` and `steady` are the two clocks' readings, `max_staleness` how old knowledge may be, all in
    milliseconds. A session is thereby never accepted later than `max_staleness` after the
    center acknowledged that it ended: see docs/view.md.
    """
    if wall >= session.expires_at:
        return Verdict.EXPIRED
    # Read first: the endings in the answer that made the view fresh are then seen below.
    fresh_as_of = view.fresh_as_of
    if view.has_ended(session, session.opened_by_steady(wall=wall, steady=steady)):
        return Verdict.ENDED
    proof = view.proof(session.user.sid)
    is_proved = proof is not None and 0 <= steady - proof.as_of < max_staleness
    if is_proved and proof is not None and not view.is_in_doubt(session, proof.as_of):
        return Verdict.COUNTS
    is_fresh = fresh_as_of is not None and 0 <= steady - fresh_as_of < max_staleness
    return Verdict.COUNTS if is_fresh and view.covers(session) else Verdict.ASK
