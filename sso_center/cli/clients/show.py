"""`sso-center clients list` and `show`."""

from dataclasses import asdict

import click

from sso_center.cli.open_services import opened_services
from sso_center.cli.output import print_json, print_table


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_clients(*, as_json: bool) -> None:
    """List the registered sites."""
    with opened_services() as services:
        found = services.clients.list()
    if as_json:
        print_json([asdict(client) for client in found])
        return
    rows = [
        (
            client.client_id,
            client.name,
            client.home_uri or "",
            client.id_token_alg,
            "public" if client.is_public else "secret",
            "third" if client.is_third_party else "own",
            next(iter(client.redirect_uris), ""),
        )
        for client in found
    ]
    print_table(
        ("ID", "NAME", "HOME", "SIGNED", "KIND", "PARTY", "REDIRECT"),
        rows,
        empty="No site is registered yet.",
    )


@click.command()
@click.argument("client_id", metavar="ID")
def show(client_id: str) -> None:
    """Print all settings of a site as JSON; its secret is not among them, since it is not kept."""
    with opened_services() as services:
        print_json(asdict(services.clients.get(client_id)))
