"""`sso-center audit`: what happened."""

import click

from sso_center.cli.lazy import LazyGroup

_HERE = "sso_center.cli.audit"

PLACES = {
    "list": (f"{_HERE}.show:list_events", "List what happened, the newest first."),
    "export": (f"{_HERE}.show:export", "Write all that is wanted as CSV or JSON Lines."),
}


@click.group(cls=LazyGroup, places=PLACES)
def audit() -> None:
    """Look through the audit log, and take it out."""
