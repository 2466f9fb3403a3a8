"""Upkeep: the courier's own work, which nobody asks for.

Expires sessions, finishes endings and revocations that a crash interrupted, evicts, cleans up indexes
(cleanup), and notices a restored SQL store.
"""

from sso_center.core.upkeep.eviction import Eviction
from sso_center.core.upkeep.index_cleanup import IndexCleanup
from sso_center.core.upkeep.index_counts import IndexCounts, count_indexes
from sso_center.core.upkeep.restore import Restore, RestoredStore
from sso_center.core.upkeep.sweep import Sweep

__all__ = [
    "Eviction",
    "IndexCleanup",
    "IndexCounts",
    "Restore",
    "RestoredStore",
    "Sweep",
    "count_indexes",
]
