"""`sso-center users add`."""

import click

from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import print_json
from sso_center.cli.users.person import asked_password, shown


@click.command()
@click.argument("username", metavar="NAME")
@click.option("--email", default="", help="E-mail address.")
@click.option("--name", default="", help="The name that sites show; NAME when not given.")
@click.option("--role", "roles", multiple=True, metavar="R", help="A role; may be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--must-change", is_flag=True, help="Ask for a new password at the first login.")
def add(
    username: str, *, email: str, name: str, roles: tuple[str, ...], password_stdin: bool, must_change: bool
) -> None:
    """Add a person. Prints JSON; `sub` is the id that sites know the person by."""
    password = asked_password(from_stdin=password_stdin)
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415

        user = services.users.add(
            username,
            profile={"name": name, "email": email},
            roles=roles,
            password=password,
            must_change=must_change,
        )
        services.audit.record(Tag.USER_ADDED, sub=user.sub, actor=ACTOR)
    print_json(shown(user))
