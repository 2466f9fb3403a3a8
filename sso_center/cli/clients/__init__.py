"""`sso-center clients`: the registered sites."""

import click

from sso_center.cli.lazy import LazyGroup

_HERE = "sso_center.cli.clients"

PLACES = {
    "add": (f"{_HERE}.add:add", "Register a site; prints its secret."),
    "list": (f"{_HERE}.show:list_clients", "List the sites."),
    "show": (f"{_HERE}.show:show", "Print all settings of a site as JSON."),
    "update": (f"{_HERE}.update:update", "Change what is given of a site."),
    "try-logout": (f"{_HERE}.probe_logout:try_logout", "Try the address at which a site is told of logouts."),
    "remove": (f"{_HERE}.change:remove", "Remove a site."),
    "rotate-secret": (f"{_HERE}.change:rotate_secret", "Give a site another secret; prints it."),
}


@click.group(cls=LazyGroup, places=PLACES)
def clients() -> None:
    """Register sites, show, change and remove them."""
