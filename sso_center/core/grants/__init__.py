"""Grants: one-time authorization codes (RFC 6749 section 4.1), issued to a client for a living session.

Owns the grant's record and its issue; redeeming one is the business of tokens, whose script makes
the code and the token change hands in one step. Only the SHA-256 of a code is stored.
"""

from sso_center.core.grants.grants import (
    GRANT_PARTS,
    GrantRefused,
    GrantRequest,
    Grants,
    Issued,
    Replayed,
)
from sso_center.core.grants.pending import GrantPending, PendingGrant, PendingGrants

__all__ = [
    "GRANT_PARTS",
    "GrantPending",
    "GrantRefused",
    "GrantRequest",
    "Grants",
    "Issued",
    "PendingGrant",
    "PendingGrants",
    "Replayed",
]
