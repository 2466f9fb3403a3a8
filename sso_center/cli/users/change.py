"""`sso-center users disable`, `enable`, `set-password` and `roles`."""

import click

from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import print_json
from sso_center.cli.users.person import asked_password, find_person, shown


@click.command()
@click.argument("username", metavar="NAME")
def disable(username: str) -> None:
    """Disable an account and end its sessions, at the center and at every site."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415
        from sso_center.core.endings import Reason  # noqa: PLC0415

        user = services.users.set_disabled(find_person(services, username).sub, True)
        services.audit.record(Tag.USER_DISABLED, sub=user.sub, actor=ACTOR)
        services.mass_endings.end_user(user.sub, Reason.DISABLED, ACTOR)
    click.echo(f"{user.username} is disabled, and signed out everywhere.")


@click.command()
@click.argument("username", metavar="NAME")
def enable(username: str) -> None:
    """Let a disabled person in again."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415

        user = services.users.set_disabled(find_person(services, username).sub, False)
        services.audit.record(Tag.USER_ENABLED, sub=user.sub, actor=ACTOR)
    click.echo(f"{user.username} is enabled.")


@click.command("set-password")
@click.argument("username", metavar="NAME")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--must-change", is_flag=True, help="Ask for another one at the next login.")
def set_password(username: str, *, password_stdin: bool, must_change: bool) -> None:
    """Set a person's password, and end the sessions opened with the old one."""
    password = asked_password(from_stdin=password_stdin)
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415
        from sso_center.core.endings import Reason  # noqa: PLC0415

        user = find_person(services, username)
        services.users.set_password(user.sub, password, must_change=must_change)
        services.audit.record(Tag.USER_PASSWORD_SET, sub=user.sub, actor=ACTOR)
        services.mass_endings.end_user(user.sub, Reason.PASSWORD_CHANGE, ACTOR)
    click.echo(f"{user.username} has a new password, and is signed out everywhere.")


@click.command()
@click.argument("username", metavar="NAME")
@click.option("--add", "added", multiple=True, metavar="R", help="A role to give.")
@click.option("--remove", "removed", multiple=True, metavar="R", help="A role to take.")
def roles(username: str, *, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Give and take roles; they count at the person's next request. Prints the person as JSON."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415

        user = find_person(services, username)
        wanted = (set(user.roles) | set(added)) - set(removed)
        if wanted != set(user.roles):
            user = services.users.set_roles(user.sub, wanted)
            detail = {"roles": list(user.roles)}
            services.audit.record(Tag.USER_CHANGED, sub=user.sub, actor=ACTOR, detail=detail)
    print_json(shown(user))
