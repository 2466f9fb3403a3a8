"""Grants: one-time authorization codes (RFC 6749 section 4.1), issued to a client for a living session.

Owns the grant's record and its issue. The room of tokens redeems grants: one script exchanges the code for
tokens. Only the SHA-256 of a code is stored.
"""

from sso_center.core.grants.grants import (
    GRANT_PARTS,
    GrantRefused,
    GrantRequest,
    Grants,
    Issued,
    Replayed,
)

__all__ = ["GRANT_PARTS", "GrantRefused", "GrantRequest", "Grants", "Issued", "Replayed"]
