"""The journal: the durable, ordered record in SQL of everything that was ended or revoked.

Owns its entries, the steps that make an entry hold in Redis, the follower that applies each entry again in
order, and the recovery that applies what a store has lost. Applying is idempotent.
"""

from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.cutoff_jobs import CutoffJob, CutoffJobs
from sso_center.core.journal.entries import ClosedSession, Ending, Entries, Entry
from sso_center.core.journal.failover import FailoverWatcher
from sso_center.core.journal.follower import JournalFollower
from sso_center.core.journal.recovery import Recovery
from sso_center.core.journal.writer import JournalWriter

__all__ = [
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
]
