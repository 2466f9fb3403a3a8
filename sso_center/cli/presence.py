"""`sso-center presence`: who is here, and what is used."""

import click

from sso_center.cli.open_services import opened_services
from sso_center.cli.output import print_json, print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def presence(*, as_json: bool) -> None:
    """Count the people who are here now and were lately, and name the sites used most in the last 24 hours.

    Now means within two minutes. A site is used once for each time that it got a code for somebody.
    """
    with opened_services() as services:
        found = services.sessions.presence()
    if as_json:
        clients = [{"client_id": client_id, "grants": grants} for client_id, grants in found.clients]
        seen = {"last_5": found.last_5, "last_15": found.last_15, "last_60": found.last_60}
        print_json({"now": found.now, **seen, "clients": clients})
        return
    people = (found.now, found.last_5, found.last_15, found.last_60)
    spans = ("now", "last 5 minutes", "last 15 minutes", "last hour")
    print_table(("SEEN", "PEOPLE"), [(span, str(n)) for span, n in zip(spans, people, strict=True)], empty="")
    click.echo()
    rows = [(client_id, str(grants)) for client_id, grants in found.clients]
    print_table(("SITE", "USED"), rows, empty="No site was used in the last 24 hours.")
