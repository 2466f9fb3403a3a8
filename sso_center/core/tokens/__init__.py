"""Tokens: what grants give and what comes of it, and the one answer to what a token is worth now.

Owns access tokens (opaque ones stored as SHA-256, JWTs signed), the families they belong to, the use of
refresh tokens, and app tokens, whose sessions it opens. Everything that came of a session carries its sid
and is checked against it, so nothing need be hunted down when it ends. Reports theft and replay; whoever
asked ends what must end.
"""

from sso_center.core.tokens.records import (
    ActiveToken,
    Authentication,
    ClientToken,
    OfflineAccess,
    Redeemed,
    Refreshed,
    ReusedApp,
    ReusedToken,
    RevocableToken,
    ScopeRefused,
)
from sso_center.core.tokens.redeemer import FAMILY_PARTS, TokenLifetimes
from sso_center.core.tokens.tokens import Tokens

__all__ = [
    "FAMILY_PARTS",
    "ActiveToken",
    "Authentication",
    "ClientToken",
    "OfflineAccess",
    "Redeemed",
    "Refreshed",
    "ReusedApp",
    "ReusedToken",
    "RevocableToken",
    "ScopeRefused",
    "TokenLifetimes",
    "Tokens",
]
