"""`sso-center clients remove` and `rotate-secret`."""

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json


@click.command()
@click.argument("client_id", metavar="ID")
def remove(client_id: str) -> None:
    """Remove a site: nobody can log in there any more, and nothing that it was given counts."""
    with opened_services() as services:
        services.administration.clients.remove(ACTOR, client_id)
    click.echo(f"{client_id} is removed.")


@click.command("rotate-secret")
@click.argument("client_id", metavar="ID")
def rotate_secret(client_id: str) -> None:
    """Give a site another secret, and refuse the old one at once. Prints JSON with client_secret."""
    with opened_services() as services:
        secret = services.administration.clients.rotate_secret(ACTOR, client_id)
    print_json({"client_id": client_id, "client_secret": secret})
