"""Notices: the messages that tell a client of an ending, from the outbox to the receipt.

Owns the outbox in SQL, retries and breakers, the delivery with bounded concurrency, the logout token, the
safe POST, and the receipts that admins read.
"""

from sso_center.core.notices.delivery import Delivery
from sso_center.core.notices.ending_filter import EndingFilter
from sso_center.core.notices.outbox import Outbox
from sso_center.core.notices.post import Poster
from sso_center.core.notices.probe import LogoutProbe
from sso_center.core.notices.receipts import Counts, EndingSummary, Receipts, SiteCounts, SiteReceipt
from sso_center.core.notices.sender import NoticeSender, Receipt

__all__ = [
    "Counts",
    "Delivery",
    "EndingFilter",
    "EndingSummary",
    "LogoutProbe",
    "NoticeSender",
    "Outbox",
    "Poster",
    "Receipt",
    "Receipts",
    "SiteCounts",
    "SiteReceipt",
]
