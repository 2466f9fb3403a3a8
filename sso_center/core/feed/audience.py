"""Whom an entry of the journal concerns: which clients are told of it."""

from collections.abc import Callable, Iterable

from sso_center.core.journal.entries import Entry

KINDS = frozenset({"ending", "leave", "cutoff", "revocation", "user"})
"""What clients are told of."""

ApisOf = Callable[[Iterable[str]], Iterable[str]]
"""Returns whom else the access tokens of some clients are for now."""


def audience_of(entry: Entry, apis_of: ApisOf) -> frozenset[str] | None:
    """Return the ids of the clients that an entry concerns, or None when that is everyone.

    It concerns who took part, and the APIs that their tokens were for at that moment. For an entry that does
    not say which APIs these were, `apis_of` says which they are now.
    """
    if entry.kind == "user" or (entry.kind == "cutoff" and entry.detail["scope"] != "client"):
        return None
    took_part = entry.detail["participants"] if entry.kind == "ending" else [entry.client_id]
    apis = entry.detail.get("apis")
    return frozenset(took_part).union(apis_of(took_part) if apis is None else apis)
