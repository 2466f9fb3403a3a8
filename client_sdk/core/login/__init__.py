"""Signing in and out: the way to the center and back, and its logout tokens."""
