"""`sso-center logout`: many sessions at once."""

import time
from typing import TYPE_CHECKING

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import counted
from sso_center.cli.users.person import find_person

if TYPE_CHECKING:
    from sso_center.core.cutoffs import Reach, Scope
    from sso_center.services import Services


@click.command()
@click.option("--user", "username", metavar="U", help="Everything of one person.")
@click.option("--client", "client_id", metavar="C", help="Everybody, at one site.")
@click.option("--role", metavar="R", help="Everybody with a role.")
@click.option("--everyone", is_flag=True, help="Everybody.")
@click.option("--dry-run", is_flag=True, help="Only say how many that would be.")
@click.option(
    "--no-wait", is_flag=True, help="Leave it to the running center to end the sessions one by one."
)
@click.option("--progress", is_flag=True, help="Only show how far earlier logouts are.")
def logout(
    username: str | None,
    client_id: str | None,
    role: str | None,
    *,
    everyone: bool,
    dry_run: bool,
    no_wait: bool,
    progress: bool,
) -> None:
    """Log people out, at the center and at every site.

    It counts at once, however many they are. The sessions are then ended one by one, and their sites told.
    """
    chosen = [username is not None, client_id is not None, role is not None, everyone, progress].count(True)
    if chosen != 1:
        raise click.UsageError("Give exactly one of --user, --client, --role, --everyone and --progress.")
    with opened_services() as services:
        if progress:
            _show_progress(services)
            return
        scope, name = _scope(services, username, client_id, role)
        if dry_run:
            click.echo(f"Would log out {_described(services.administration.endings.reach(scope, name))}.")
        else:
            _end(services, scope, name, is_followed=not no_wait)


def _scope(
    services: "Services", username: str | None, client_id: str | None, role: str | None
) -> "tuple[Scope, str]":
    if username is not None:
        return "user", find_person(services, username).sub
    if client_id is not None:
        return "client", client_id
    if role is not None:
        return "role", role
    return "everyone", ""


def _end(services: "Services", scope: "Scope", name: str, *, is_followed: bool) -> None:
    from sso_center.cli.cutoff_jobs import follow, whom  # noqa: PLC0415

    began = time.monotonic()
    entry = services.administration.endings.end_many(ACTOR, scope, name)
    took = round((time.monotonic() - began) * 1000)
    click.echo(f"Logged out {whom(services, scope, name)}, in {took} ms.")
    if not is_followed:
        click.echo("The running center ends the sessions: sso-center logout --progress")
        return
    ended = counted(follow(services, entry.number), "session", "sessions")
    click.echo(f"The site is out of {ended}." if scope == "client" else f"Ended {ended}.")


def _show_progress(services: "Services") -> None:
    from sso_center.cli.cutoff_jobs import described  # noqa: PLC0415

    for walk in services.cutoff_jobs.all():
        click.echo(described(services, walk))
    if not services.cutoff_jobs.under_way():
        click.echo("Every session that was cut off is ended.")
    if pending := services.outbox.count_by_state().get("pending", 0):
        click.echo(f"{counted(pending, 'notice waits', 'notices wait')} to be delivered.")


def _described(reach: "Reach") -> str:
    people, sessions = (
        counted(reach.people, "person", "people"),
        counted(reach.sessions, "session", "sessions"),
    )
    return f"{people}, {sessions}, {counted(reach.clients, 'site', 'sites')}"
