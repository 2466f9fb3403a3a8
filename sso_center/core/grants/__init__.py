"""Grants: one-time codes (RFC 6749 section 4.1) and tickets, issued to a client for a living session.

Owns the grant's record, its issue, and its validation where it gives no token; redeeming one for tokens is
the business of tokens, whose script makes them change hands in one step. Only a code's SHA-256 is stored.
"""

from sso_center.core.grants.grants import (
    GRANT_PARTS,
    MAX_CODE,
    GrantRefused,
    GrantRequest,
    Grants,
    Issued,
    Replayed,
    Validated,
)
from sso_center.core.grants.pending import GrantPending, PendingGrant, PendingGrants

__all__ = [
    "GRANT_PARTS",
    "MAX_CODE",
    "GrantPending",
    "GrantRefused",
    "GrantRequest",
    "Grants",
    "Issued",
    "PendingGrant",
    "PendingGrants",
    "Replayed",
    "Validated",
]
