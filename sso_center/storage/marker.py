"""The marker of a shard: up to where the journal is applied to it, and under which run of the server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Marker:
    """The marker of a shard; `run_id` is the server's now, `run` the one it was last trusted under.

    Times are in milliseconds; `position` is the journal number up to which the shard is applied.
    """

    run_id: str
    run: str | None
    lineage: str | None
    position: int
    config: int
    stamp: int
    cutoff: int

    @property
    def is_trusted(self) -> bool:
        """Whether the journal was applied to the shard since this server started."""
        return self.run == self.run_id

    def is_ahead_of(self, lineage: str, head: int) -> bool:
        """Say whether the shard knows entries that its lineage's journal lacks: SQL was set back."""
        return self.lineage == lineage and self.position > head
