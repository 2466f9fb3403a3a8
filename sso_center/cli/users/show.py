"""`sso-center users list` and `show`."""

import click

from sso_center.cli.open_services import opened_services
from sso_center.cli.output import print_json, print_table
from sso_center.cli.users.person import find_person, shown


@click.command("list")
@click.option("--role", metavar="R", help="Only people with this role.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_users(role: str | None, *, as_json: bool) -> None:
    """List people in the order of their login names."""
    with opened_services() as services:
        found = [user for user in services.users.all() if role is None or user.has_role(role)]
        if as_json:
            print_json([shown(services, user) for user in found])
            return
    rows = [
        (
            user.username,
            user.name,
            user.email,
            " ".join(user.roles),
            "disabled" if user.is_disabled else "active",
            user.sub,
        )
        for user in found
    ]
    print_table(("NAME", "SHOWN AS", "EMAIL", "ROLES", "STATE", "SUB"), rows, empty="Nobody yet.")


@click.command()
@click.argument("person", metavar="NAME")
def show(person: str) -> None:
    """Show a person as JSON, with all fields of the profile."""
    with opened_services() as services:
        print_json(shown(services, find_person(services, person)))
