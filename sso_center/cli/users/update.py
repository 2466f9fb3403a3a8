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
def update(person: str, *, username: str | None, roles: tuple[str, ...], **fields: Any) -> None:
    """Change what is given of a person, from their next request on. Prints the person as JSON.

    An empty value removes what was there. Another e-mail address or phone number counts as not verified,
    unless that is given too.
    """
    profile = given(fields)
    if username is None and not profile and not roles:
        raise click.UsageError("Give what is to be changed; --help names the options.")
    with opened_services() as services:
        sub = find_person(services, person).sub
        asked = {"username": username, "profile": profile, **({"roles": roles} if roles else {})}
        user = services.administration.users.change(ACTOR, sub, **asked)
        print_json(shown(services, user))
