"""The journal: what is recorded, what is applied, and what sites still have to be told."""

from collections.abc import Iterator

from sso_center.base.secrets import all_shards
from sso_center.cli.cutoff_jobs import whom
from sso_center.cli.doctor.finding import Finding, fail, ok, warn
from sso_center.services import Services


def look_at_journal(services: Services) -> Iterator[Finding]:
    """Compare the journal with the shards' marks, and count the notices. Raises Unavailable."""
    yield _unapplied(services)
    yield _marks(services)
    yield from _jobs(services)
    yield from _notices(services)


def _unapplied(services: Services) -> Finding:
    head, waiting = services.entries.head(), services.entries.count_unapplied()
    if waiting:
        return warn("journal", f"{waiting} of {head} entries wait for the courier: is serve running?")
    return ok("journal", f"{head} entries, all applied")


def _marks(services: Services) -> Finding:
    # The head is read after the marks: it can only be ahead of them.
    lineage = services.entries.lineage()
    markers = [services.redis.marker(shard) for shard in all_shards()]
    head = services.entries.head()
    if services.entries.is_set_back() or any(marker.is_ahead_of(lineage, head) for marker in markers):
        return fail(
            "journal",
            "SQL knows less than Redis was told, so nothing is accepted: an older SQL copy was restored; "
            "run sso-center doctor --restore",
        )
    strangers = [marker for marker in markers if marker.is_trusted and marker.lineage != lineage]
    if strangers:
        return fail(
            "journal", f"{len(strangers)} shards belong to another SQL store: is this the right Redis?"
        )
    untrusted = sum(not marker.is_trusted for marker in markers)
    if untrusted:
        return ok("journal", f"{untrusted} of {len(markers)} shards get it applied at their next use")
    return ok("journal", f"all {len(markers)} shards have it applied")


def _jobs(services: Services) -> Iterator[Finding]:
    for walk in services.cutoff_jobs.under_way():
        yield warn(
            "logouts",
            f"that of {whom(services, walk.scope, walk.name)} is at {walk.percent} %: is serve running?",
        )


def _notices(services: Services) -> Iterator[Finding]:
    counts = services.outbox.count_by_state()
    pending, gave_up = counts.get("pending", 0), counts.get("gave_up", 0)
    if pending:
        yield warn("notices", f"{pending} wait to be delivered")
    if gave_up:
        yield warn("notices", f"{gave_up} were never confirmed by their site")
    if not pending and not gave_up:
        yield ok("notices", f"none waits, {counts.get('confirmed', 0)} confirmed")
