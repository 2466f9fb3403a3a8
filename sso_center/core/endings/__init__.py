"""Endings: every way a global session stops, by one path: close, record, apply, publish, deliver.

Also answers which sessions are alive, and removes one client from a session. Each step may be repeated: an
ending carries an id, applying is idempotent, and a courier finishes what a crash left between two steps.
"""

from sso_center.core.endings.endings import Endings

__all__ = ["Endings"]
