"""What a shard knows of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Marker:
    """What a shard knows of itself; `run_id` is the server's, `run` the one it was last trusted under.

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
        """Whether the shard has had the journal applied since this server started."""
        return self.run == self.run_id

    def is_ahead_of(self, lineage: str, head: int) -> bool:
        """Say whether the shard knows entries that a journal of its own lineage does not: it was set back."""
        return self.lineage == lineage and self.position > head
