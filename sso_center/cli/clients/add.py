"""`sso-center clients add`."""

from typing import Any

import click

from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import print_json


@click.command()
@click.argument("client_id", metavar="ID")
@click.option(
    "--redirect-uri",
    "redirect_uris",
    multiple=True,
    required=True,
    metavar="U",
    help="Where logins come back to.",
)
@click.option(
    "--post-logout-redirect-uri",
    "post_logout_redirect_uris",
    multiple=True,
    metavar="U",
    help="Where logouts may come back to.",
)
@click.option("--backchannel-logout-uri", metavar="U", help="Where the center tells the site of logouts.")
@click.option("--public", "is_public", is_flag=True, help="The site can keep no secret, such as an app.")
@click.option("--scope", "scopes", multiple=True, metavar="S", help="Besides openid, profile and email.")
@click.option("--name", default="", help="What people call the site; ID when not given.")
@click.option("--home-uri", metavar="U", help="Where its front page is.")
@click.option(
    "--id-token-alg",
    type=click.Choice(["ES256", "RS256", "EdDSA"]),
    default="ES256",
    show_default=True,
    help="What its ID tokens are signed with.",
)
@click.option("--may-introspect", is_flag=True, help="It may ask about tokens of other sites.")
def add(client_id: str, **settings: Any) -> None:
    """Register a site. Prints JSON with client_secret, which is shown only this once."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415

        client, secret = services.clients.add(client_id, **settings)
        services.audit.record(Tag.CLIENT_ADDED, client_id=client_id, actor=ACTOR)
        issuer = services.settings.issuer
    printed = {"issuer": issuer, "client_id": client.client_id}
    print_json(printed if secret is None else {**printed, "client_secret": secret})
