"""Global sessions: one user's login in one browser or on one device.

Owns the session's record and its deadlines, and the one answer to "is this session alive" (session.lua, which
the scripts of grants, tokens and endings compose too). The `sid` of a session is public; only its chain opens
it. Knows nothing of HTTP and never ends a session: it reports what it found, and the caller ends what must
end.
"""

from sso_center.core.sessions.device_type import DeviceType, device_mark, device_type_of
from sso_center.core.sessions.history import History, PresenceSample
from sso_center.core.sessions.limit import SessionLimits, TooManySessions
from sso_center.core.sessions.presence import Presence, Step
from sso_center.core.sessions.record import (
    About,
    Outcome,
    Session,
    SessionView,
    Visit,
    read_about,
)
from sso_center.core.sessions.search import SessionPage, SessionSearch
from sso_center.core.sessions.sessions import (
    FIRST,
    MAX_USER_AGENT,
    OPENING_PARTS,
    SCAN_PART,
    SCAN_PARTS,
    SESSION_PARTS,
    Lifetimes,
    OpenedSession,
    Sessions,
)

__all__ = [
    "FIRST",
    "MAX_USER_AGENT",
    "OPENING_PARTS",
    "SCAN_PART",
    "SCAN_PARTS",
    "SESSION_PARTS",
    "About",
    "DeviceType",
    "History",
    "Lifetimes",
    "OpenedSession",
    "Outcome",
    "Presence",
    "PresenceSample",
    "Session",
    "SessionLimits",
    "SessionPage",
    "SessionSearch",
    "SessionView",
    "Sessions",
    "Step",
    "TooManySessions",
    "Visit",
    "device_mark",
    "device_type_of",
    "read_about",
]
