"""`sso-center clients try-logout`."""

from dataclasses import asdict

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json


@click.command("try-logout")
@click.argument("client_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def try_logout(context: click.Context, client_id: str, *, as_json: bool) -> None:
    """Send a site a real logout token of a session that never existed, and show the receipt.

    Ends nothing. The exit code is 1 when the site did not accept it.
    """
    with opened_services() as services:
        receipt = services.administration.clients.try_logout(ACTOR, client_id)
    if as_json:
        print_json(asdict(receipt))
    elif receipt.is_confirmed:
        click.echo(f"{client_id} took it, in {receipt.took} ms.")
    else:
        click.echo(f"{client_id} did not take it: {receipt.error}.", err=True)
    context.exit(0 if receipt.is_confirmed else 1)
