"""Notices: the messages that tell a client of an ending, from the outbox to the receipt.

Owns the outbox in SQL, retries and breakers, the delivery with bounded concurrency, the safe POST, and the
receipts that admins read. What a notice says is for the façade of the client's protocol to put into words.
"""

from sso_center.core.notices.creation import NewNotice, takes_notices
from sso_center.core.notices.delivery import Delivery
from sso_center.core.notices.ending_filter import EndingFilter
from sso_center.core.notices.outbox import Outbox
from sso_center.core.notices.post import Poster
from sso_center.core.notices.receipts import Counts, EndingSummary, Receipts, SiteCounts, SiteReceipt
from sso_center.core.notices.sender import NoticeSender, Receipt
from sso_center.core.notices.words import FindWords, Issuer, LogoutNotice, NoticeRequest, NoticeWords

__all__ = [
    "Counts",
    "Delivery",
    "EndingFilter",
    "EndingSummary",
    "FindWords",
    "Issuer",
    "LogoutNotice",
    "NewNotice",
    "NoticeRequest",
    "NoticeSender",
    "NoticeWords",
    "Outbox",
    "Poster",
    "Receipt",
    "Receipts",
    "SiteCounts",
    "SiteReceipt",
    "takes_notices",
]
