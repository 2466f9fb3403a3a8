"""App tokens: an app's one token, which renews itself, and the session that it opens.

Owns their scripts, their signer and their lifetimes. An app is a device of its own: its session is none of a
browser's, and ends by itself.
"""

from sso_center.core.tokens.app.app_tokens import AppTokens, FoundApp

__all__ = ["AppTokens", "FoundApp"]
