"""The audience of an entry: the clients that its event is for."""

from collections.abc import Callable, Iterable

from sso_center.core.journal.entries import Entry

KINDS = frozenset({"ending", "leave", "cutoff", "revocation", "user"})
"""The kinds of entries that the feed carries."""

ApisOf = Callable[[Iterable[str]], Iterable[str]]
"""Returns the other audiences of the access tokens of some clients, as they are now."""


def audience_of(entry: Entry, apis_of: ApisOf) -> frozenset[str] | None:
    """Return the ids of the clients that an entry concerns, None for every client.

    It concerns the participants, and the APIs that were audiences of their access tokens at that moment.
    `apis_of` gives today's audiences for an entry that does not name them.
    """
    if entry.kind == "user" or (entry.kind == "cutoff" and entry.detail["scope"] != "client"):
        return None
    took_part = entry.detail["participants"] if entry.kind == "ending" else [entry.client_id]
    apis = entry.detail.get("apis")
    return frozenset(took_part).union(apis_of(took_part) if apis is None else apis)
