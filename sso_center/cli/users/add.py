"""`sso-center users add`."""

from typing import Any

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json
from sso_center.cli.users.person import asked_password, shown
from sso_center.cli.users.profile import ProfileCommand, given


@click.command(cls=ProfileCommand)
@click.argument("username", metavar="NAME")
@click.option("--role", "roles", multiple=True, metavar="R", help="A role; may be given several times.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--must-change", is_flag=True, help="Ask for a new password at the first login.")
def add(
    username: str, *, roles: tuple[str, ...], password_stdin: bool, must_change: bool, **fields: Any
) -> None:
    """Add a person. Prints JSON; `sub` is the id that sites know the person by.

    Without --name the person is called NAME.
    """
    password = asked_password(from_stdin=password_stdin)
    with opened_services() as services:
        account: dict[str, Any] = {"roles": roles, "password": password, "must_change": must_change}
        user = services.administration.users.add(ACTOR, username, profile=given(fields), **account)
        print_json(shown(services, user))
