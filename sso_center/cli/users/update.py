"""`sso-center users update`."""

from typing import Any

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json
from sso_center.cli.users.person import find_person, shown
from sso_center.cli.users.profile import ProfileCommand, given


@click.command(cls=ProfileCommand)
@click.argument("person", metavar="NAME")
@click.option("--username", metavar="NEW", help="Another name to sign in with.")
@click.option(
    "--role", "roles", multiple=True, metavar="R", help="A role; those that are given and no others."
)
@click.option("--no-roles", is_flag=True, help="Take every role away.")
def update(
    person: str, *, username: str | None, roles: tuple[str, ...], no_roles: bool, **fields: Any
) -> None:
    """Change what is given of a person, from their next request on. Prints the person as JSON.

    An empty value removes what was there. Another e-mail address or phone number counts as not verified,
    unless that is given too.
    """
    profile = given(fields)
    if roles and no_roles:
        raise click.UsageError("Give --role or --no-roles, not both.")
    if username is None and not profile and not roles and not no_roles:
        raise click.UsageError("Give what is to be changed; --help names the options.")
    with opened_services() as services:
        sub = find_person(services, person).sub
        asked = {"username": username, "profile": profile, **({"roles": roles} if roles or no_roles else {})}
        user = services.administration.users.change(ACTOR, sub, **asked)
        print_json(shown(services, user))
