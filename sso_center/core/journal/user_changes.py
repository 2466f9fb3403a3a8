"""Apply a recorded change of a user to Redis."""

from collections.abc import Collection, Sequence

from sso_center.base.errors import NotFound
from sso_center.core.journal.applier import EntryApplier
from sso_center.core.journal.entries import Entry
from sso_center.core.users import Users


def apply_user_change(users: Users, applier: EntryApplier, entry: Entry, later: Sequence[Entry]) -> None:
    """Write the copy of the user that an entry says has changed; `later` are the entries after it.

    Safe to repeat. Raises Unavailable.
    """
    # Overwritten, not dropped and refilled: in between nobody could say whether the user's sessions count.
    try:
        lost = entry.detail.get("lost_roles", ())
        users.refill(entry.sub, lost_roles=lost, latest=_latest_before(later, lost))
    except NotFound:
        applier.apply(entry)


def _latest_before(later: Sequence[Entry], roles: Collection[str]) -> int | None:
    """Return the instant (ms) before the first later cut-off of one of these roles, None without."""
    roles_cut = [one for one in later if one.kind == "cutoff" and one.detail["scope"] == "role"]
    return min((one.detail["at"] - 1 for one in roles_cut if one.detail["name"] in roles), default=None)
