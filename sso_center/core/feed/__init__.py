"""The feed: the journal's entries for each client, from memory, certain as of the moment of asking."""

from sso_center.core.feed.feed import Feed
from sso_center.core.feed.recent_entries import FeedEvent, Page, Position, RecentEntries

__all__ = ["Feed", "FeedEvent", "Page", "Position", "RecentEntries"]
