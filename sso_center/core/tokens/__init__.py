"""Tokens: what a grant is redeemed for, and the one answer to whether a token counts now.

Owns access tokens (opaque ones stored as SHA-256, JWTs signed), the families they belong to, the use of
refresh tokens, and app tokens (the folder app), whose sessions it opens. Every token of a session carries its
sid and is checked against it, so no token need be searched for when the session ends. Reports reuse and
replay; the caller ends what must end.
"""

from sso_center.core.tokens.parts import FAMILY_PARTS
from sso_center.core.tokens.records import (
    ActiveToken,
    Authentication,
    ClientToken,
    OfflineAccess,
    Redeemed,
    ReusedApp,
    ReusedToken,
    RevocableToken,
    ScopeRefused,
)
from sso_center.core.tokens.redeemer import TokenLifetimes
from sso_center.core.tokens.tokens import Tokens

__all__ = [
    "FAMILY_PARTS",
    "ActiveToken",
    "Authentication",
    "ClientToken",
    "OfflineAccess",
    "Redeemed",
    "ReusedApp",
    "ReusedToken",
    "RevocableToken",
    "ScopeRefused",
    "TokenLifetimes",
    "Tokens",
]
