"""The reasons of endings, shown to admins, in the audit log and to the person."""

from enum import StrEnum


class Reason(StrEnum):
    """Every way in which a session, a family or a token ends."""

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
