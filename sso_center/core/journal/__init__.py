"""The journal: the durable, ordered record in SQL of everything that was ended or revoked.

Owns its entries, the steps that make an entry hold in Redis, the follower that applies each entry again in
order, and the recovery that applies what a store has lost. Applying is idempotent.
"""

from sso_center.core.journal.applier import CLOCKS_DIFFER, EntryApplier
from sso_center.core.journal.cutoff_jobs import CutoffJob, CutoffJobs
from sso_center.core.journal.entries import SET_BACK, ClosedSession, Ending, Entries, Entry, read_entry
from sso_center.core.journal.failover import FailoverWatcher
from sso_center.core.journal.follower import JournalFollower
from sso_center.core.journal.recovery import Recovery
from sso_center.core.journal.user_changes import apply_user_change
from sso_center.core.journal.writer import JournalWriter

__all__ = [
    "CLOCKS_DIFFER",
    "SET_BACK",
    "ClosedSession",
    "CutoffJob",
    "CutoffJobs",
    "Ending",
    "Entries",
    "Entry",
    "EntryApplier",
    "FailoverWatcher",
    "JournalFollower",
    "JournalWriter",
    "Recovery",
    "apply_user_change",
    "read_entry",
]
