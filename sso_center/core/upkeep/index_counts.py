"""The sizes of the indexes of all shards, for operators."""

from dataclasses import dataclass

from sso_center.storage.redis import Redis, load_unguarded_script

_COUNT_INDEXES = load_unguarded_script(__package__, "count_indexes.lua")


@dataclass(frozen=True)
class IndexCounts:
    """Counts over all shards; `overdue` and `unrecorded` have waited for the courier for more than a minute.

    `overdue` are expired sessions, `unrecorded` endings and revocations that are not in the journal.
    """

    sessions: int
    people: int
    families: int
    overdue: int
    unrecorded: int


def count_indexes(redis: Redis) -> IndexCounts:
    """Count, changing nothing, even in shards that are not trusted yet. Raises Unavailable."""
    rows = redis.run_everywhere(_COUNT_INDEXES).values()
    return IndexCounts(*(sum(column) for column in zip(*rows, strict=True)))
