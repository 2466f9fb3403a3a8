"""Sessions, grants and tokens in this very process: every rule of their scripts, on the real server."""
