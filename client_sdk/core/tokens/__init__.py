"""Tokens: those that callers bring to an API, those that a site keeps for people, and signed links."""
