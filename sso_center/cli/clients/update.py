"""`sso-center clients update`."""

from dataclasses import asdict
from typing import Any

import click

from sso_center.cli.clients.options import ALGORITHMS, given, site_options
from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json


@click.command()
@click.argument("client_id", metavar="ID")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, metavar="U", help="Where logins come back to."
)
@site_options
@click.option("--clear-backchannel-logout-uri", is_flag=True, help="Tell it of logouts no more.")
@click.option("--id-token-alg", type=ALGORITHMS, help="What its ID tokens are signed with.")
@click.option(
    "--may-introspect/--no-may-introspect", default=None, help="It may ask about tokens of other sites."
)
def update(client_id: str, *, clear_backchannel_logout_uri: bool, **options: Any) -> None:
    """Change what is given of a site, at once; prints all its settings as JSON.

    An option that can be repeated replaces the whole list; an empty value removes what was there.
    """
    changes = given(options)
    if clear_backchannel_logout_uri:
        if changes.get("backchannel_logout_uri"):
            raise click.UsageError(
                "--backchannel-logout-uri and --clear-backchannel-logout-uri contradict each other."
            )
        changes["backchannel_logout_uri"] = None
    if not changes:
        raise click.UsageError("Say what to change, such as --name or --redirect-uri.")
    with opened_services() as services:
        client = services.administration.clients.change(ACTOR, client_id, **changes)
    print_json(asdict(client))
