"""`sso-center logout`: many sessions at once."""

import sys
from typing import TYPE_CHECKING

import click

from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import counted
from sso_center.cli.users.person import find_person

if TYPE_CHECKING:
    from sso_center.core.endings import Reach, Scope
    from sso_center.services import Services


@click.command()
@click.option("--user", "username", metavar="U", help="Everything of one person.")
@click.option("--client", "client_id", metavar="C", help="Everybody, at one site.")
@click.option("--role", metavar="R", help="Everybody with a role.")
@click.option("--everyone", is_flag=True, help="Everybody.")
@click.option("--dry-run", is_flag=True, help="Only say how many that would be.")
def logout(
    username: str | None, client_id: str | None, role: str | None, *, everyone: bool, dry_run: bool
) -> None:
    """Log people out, at the center and at every site. It counts at once; telling the sites follows."""
    if [username is not None, client_id is not None, role is not None, everyone].count(True) != 1:
        raise click.UsageError("Give exactly one of --user, --client, --role and --everyone.")
    with opened_services() as services:
        scope, name = _scope(services, username, client_id, role)
        reach = services.mass_endings.reach(scope, name)
        if dry_run:
            click.echo(f"Would log out {_told(reach)}.")
            return
        _end(services, scope, name, reach)


def _scope(
    services: "Services", username: str | None, client_id: str | None, role: str | None
) -> "tuple[Scope, str]":
    if username is not None:
        return "user", find_person(services, username).sub
    if client_id is not None:
        return "client", services.clients.get(client_id).client_id
    if role is not None:
        return "role", role
    return "everyone", ""


def _end(services: "Services", scope: "Scope", name: str, reach: "Reach") -> None:
    from sso_center.core.endings import Reason  # noqa: PLC0415

    ended = 0
    label = f"Logging out {_told(reach)}"
    with click.progressbar(
        length=reach.sessions, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        for so_far in services.mass_endings.end(scope, name, Reason.ADMIN, ACTOR):
            bar.update(so_far - ended)
            ended = so_far
    click.echo(f"Logged out {_told(reach)}.")


def _told(reach: "Reach") -> str:
    people, sessions = (
        counted(reach.people, "person", "people"),
        counted(reach.sessions, "session", "sessions"),
    )
    return f"{people}, {sessions}, {counted(reach.clients, 'site', 'sites')}"
