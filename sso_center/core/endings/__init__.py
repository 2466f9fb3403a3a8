"""Endings: every way a global session stops, and everything else that is taken back, each by one path.

Owns the order of section "Endings": close, record, apply, publish, deliver; revoked families and tokens;
cut-offs and the walks that follow them; the feed that tells clients of all that; limits held by eviction; the
sweep that keeps indexes clean; the answer to "is this session alive" for clients; the replay of the journal
into a store that came back; and the courier's work. Each step may be repeated: an ending carries an id,
applying is idempotent, and what a crash left between two steps is finished by the next starter.
"""

from sso_center.core.endings.applying import Applying
from sso_center.core.endings.delivery import Delivery
from sso_center.core.endings.ending_filter import EndingFilter
from sso_center.core.endings.endings import Endings
from sso_center.core.endings.entries import Ending, Entries
from sso_center.core.endings.eviction import Eviction
from sso_center.core.endings.failover import Failovers
from sso_center.core.endings.feed import Feed
from sso_center.core.endings.indexes import Indexed, count_indexes
from sso_center.core.endings.latest import Page, Position, Told
from sso_center.core.endings.leftovers import Leftovers
from sso_center.core.endings.mass import MassEndings, Reach, Scope
from sso_center.core.endings.notices import Notices
from sso_center.core.endings.post import Poster
from sso_center.core.endings.reasons import CENTER, Reason
from sso_center.core.endings.receipts import (
    Counts,
    Receipts,
    SiteCounts,
    SiteReceipt,
    ToldEnding,
)
from sso_center.core.endings.recovery import Recovery
from sso_center.core.endings.restore import Restore, Restored
from sso_center.core.endings.sweep import Sweep
from sso_center.core.endings.tail import Tail
from sso_center.core.endings.taking_back import TakingBack
from sso_center.core.endings.telling import Receipt, Telling
from sso_center.core.endings.trying import Trying
from sso_center.core.endings.walker import Walker
from sso_center.core.endings.walking import Walking
from sso_center.core.endings.walks import Walk, Walks

__all__ = [
    "CENTER",
    "Applying",
    "Counts",
    "Delivery",
    "Ending",
    "EndingFilter",
    "Endings",
    "Entries",
    "Eviction",
    "Failovers",
    "Feed",
    "Indexed",
    "Leftovers",
    "MassEndings",
    "Notices",
    "Page",
    "Position",
    "Poster",
    "Reach",
    "Reason",
    "Receipt",
    "Receipts",
    "Recovery",
    "Restore",
    "Restored",
    "Scope",
    "SiteCounts",
    "SiteReceipt",
    "Sweep",
    "Tail",
    "TakingBack",
    "Telling",
    "Told",
    "ToldEnding",
    "Trying",
    "Walk",
    "Walker",
    "Walking",
    "Walks",
    "count_indexes",
]
