"""`sso-center users disable`, `enable`, `remove`, `set-password`, `roles` and `set-roles`."""

from collections.abc import Collection

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json
from sso_center.cli.users.person import asked_password, find_person, shown


@click.command()
@click.argument("username", metavar="NAME")
def disable(username: str) -> None:
    """Disable an account, and end what SSO_ON_DISABLED names, at the center and at every site."""
    with opened_services() as services:
        user = services.administration.users.disable(ACTOR, find_person(services, username).sub)
        ended = services.settings.on_disabled
    click.echo(f"{user.username} is disabled{_signed_out(ended)}.")


@click.command()
@click.argument("username", metavar="NAME")
def remove(username: str) -> None:
    """Remove an account and its credentials, and end all it had, at the center and at every site.

    The audit log stays. Somebody else may be given the name, and is another person to every site.
    """
    with opened_services() as services:
        user = services.administration.users.remove(ACTOR, find_person(services, username).sub)
    click.echo(f"{user.username} is removed, and signed out everywhere.")


@click.command()
@click.argument("username", metavar="NAME")
def enable(username: str) -> None:
    """Let a disabled person in again."""
    with opened_services() as services:
        user = services.administration.users.enable(ACTOR, find_person(services, username).sub)
    click.echo(f"{user.username} is enabled.")


@click.command("set-password")
@click.argument("username", metavar="NAME")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--must-change", is_flag=True, help="Ask for another one at the next login.")
def set_password(username: str, *, password_stdin: bool, must_change: bool) -> None:
    """Set a person's password, and end what SSO_ON_PASSWORD_CHANGE names."""
    password = asked_password(from_stdin=password_stdin)
    with opened_services() as services:
        sub = find_person(services, username).sub
        user = services.administration.users.set_password(ACTOR, sub, password, must_change=must_change)
        ended = services.settings.on_password_change
    click.echo(f"{user.username} has a new password{_signed_out(ended)}.")


@click.command()
@click.argument("username", metavar="NAME")
@click.option("--add", "added", multiple=True, metavar="R", help="A role to give.")
@click.option("--remove", "removed", multiple=True, metavar="R", help="A role to take.")
def roles(username: str, *, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Give and take roles. Prints the person as JSON.

    At the center they count at the person's next request, at a site from the next login there. A role that is
    taken ends what SSO_ON_ROLE_LOST names; with `sessions` among it, the person is signed out at sites too.
    """
    with opened_services() as services:
        user = find_person(services, username)
        wanted = (set(user.roles) | set(added)) - set(removed)
        user = services.administration.users.change(ACTOR, user.sub, roles=wanted)
        print_json(shown(services, user))


@click.command("set-roles")
@click.argument("username", metavar="NAME")
@click.option("--role", "wanted", multiple=True, metavar="R", help="A role; none at all when not given.")
def set_roles(username: str, *, wanted: tuple[str, ...]) -> None:
    """Give a person these roles and take all others. Prints the person as JSON.

    They count when those of `users roles` do. A role that is taken ends what SSO_ON_ROLE_LOST names.
    """
    with opened_services() as services:
        sub = find_person(services, username).sub
        user = services.administration.users.change(ACTOR, sub, roles=wanted)
        print_json(shown(services, user))


def _signed_out(ended: Collection[str]) -> str:
    return ", and signed out everywhere" if "sessions" in ended else ""
