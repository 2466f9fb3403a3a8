"""`sso-center doctor --restore`: what follows when the SQL store was restored from a copy."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import counted

if TYPE_CHECKING:
    from sso_center.core.upkeep import RestoredStore

WHAT_FOLLOWS = """\
What was acknowledged after the copy was made is unknown to it: logouts, changed passwords, disabled
accounts, changed roles, removed sites, rotated keys and secrets. Look through your notes of that time, and
do again what counts.

This gives the store a new lineage, so that Redis and every site start over from it, and signs everyone
out as of now, at the center and at every site: nobody can tell any more who had been signed out."""


def start_over(*, is_confirmed: bool) -> None:
    """Explain, ask unless `is_confirmed`, and do it. Raises Unavailable; it may then be done again."""
    from sso_center.core.upkeep import Restore  # noqa: PLC0415

    with opened_services() as services:
        restore = Restore(
            services.redis, services.database, services.entries, services.mass_endings, services.clock
        )
        click.echo(_described(restore.examine()))
        click.echo(WHAT_FOLLOWS)
        if not (is_confirmed or click.confirm("Start over and sign everyone out?")):
            click.echo("Nothing was changed.")
            raise SystemExit(1)
        restore.start_over(ACTOR)
        click.echo(f"Done: the lineage is {services.entries.lineage()} now, and everyone is signed out.")


def _described(found: "RestoredStore") -> str:
    lines = ["The SQL store has recorded nothing yet."]
    if found.last_at:
        last = datetime.fromtimestamp(found.last_at / 1000, UTC).isoformat(" ", "seconds")
        lines = [f"The SQL store's journal ends at {found.head}; the last thing it recorded was at {last}."]
    if found.lost:
        lost = counted(found.lost, "entry", "entries")
        lines.append(f"Redis was brought up to {lost} more: those are lost.")
    return "\n".join(lines)
