"""Tokens: what a redeemed grant gives, and the one function that says whether a token is active.

Owns opaque access tokens, stored as SHA-256. Everything that came of a session carries its sid and
is checked against it, so nothing need be hunted down when it ends.
"""

from sso_center.core.tokens.tokens import ActiveToken, Redeemed, Tokens

__all__ = ["ActiveToken", "Redeemed", "Tokens"]
