"""`sso-center users`: people and their passwords."""

import click

from sso_center.cli.lazy import LazyGroup

_HERE = "sso_center.cli.users"

PLACES = {
    "add": (f"{_HERE}.add:add", "Add a person."),
    "list": (f"{_HERE}.show:list_users", "List people."),
    "show": (f"{_HERE}.show:show", "Show a person."),
    "update": (f"{_HERE}.update:update", "Change a person's names and profile."),
    "disable": (f"{_HERE}.change:disable", "Lock a person out, everywhere, now."),
    "enable": (f"{_HERE}.change:enable", "Let a disabled person in again."),
    "remove": (f"{_HERE}.change:remove", "Remove a person's account, and sign them out everywhere."),
    "set-password": (f"{_HERE}.change:set_password", "Set a password."),
    "roles": (f"{_HERE}.change:roles", "Give and take roles."),
    "set-roles": (f"{_HERE}.change:set_roles", "Give these roles and no others."),
    "import": (f"{_HERE}.import_file:import_users", "Add many people from a CSV or JSON lines file."),
}


@click.group(cls=LazyGroup, places=PLACES)
def users() -> None:
    """Add, list, change and import people."""
