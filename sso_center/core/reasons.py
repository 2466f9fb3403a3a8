"""Why a session ended: told to admins, to the audit log and to the person."""

from enum import StrEnum


class Reason(StrEnum):
    """Every way a session, or what came of one, ends."""

    LOGOUT = "logout"
    ADMIN = "admin"
    PASSWORD_CHANGE = "password_change"  # noqa: S105 - a reason, not a password
    DISABLED = "disabled"
    REMOVED = "removed"
    ROLE_LOST = "role_lost"
    CHANGED = "changed"
    EXPIRED = "expired"
    REPLACED = "replaced"
    EVICTED = "evicted"
    REVOKED = "revoked"
    REUSE = "reuse"
    REPLAY = "replay"


CENTER = "center"
"""The actor of endings that nobody asked for: expiry, eviction, reuse, a changed account."""
