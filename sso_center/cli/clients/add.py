"""`sso-center clients add`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sso_center.cli.clients.options import ALGORITHMS, given, site_options
from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import print_json

if TYPE_CHECKING:
    from sso_center.core.clients import Client


@click.command()
@click.argument("client_id", metavar="ID")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, metavar="U", help="Where logins come back to."
)
@site_options
@click.option("--protocol", metavar="P", help="What it speaks, when that is not OpenID Connect.")
@click.option("--public", "is_public", is_flag=True, help="The site can keep no secret, such as an app.")
@click.option(
    "--id-token-alg",
    type=ALGORITHMS,
    default="ES256",
    show_default=True,
    help="What its ID tokens are signed with.",
)
@click.option("--may-introspect", is_flag=True, help="It may ask about tokens of other sites.")
def add(client_id: str, **options: Any) -> None:
    """Register a site. Prints JSON with client_secret, which is shown only this once."""
    with opened_services() as services:
        client, secret = services.administration.clients.register(ACTOR, client_id, **given(options))
        issuer = services.settings.issuer
    printed = {"issuer": issuer, "client_id": client.client_id}
    print_json(printed if secret is None else {**printed, "client_secret": secret})
    if missing := list(_missing(client)):
        click.echo(f"hint: {'; '.join(missing)} (see `sso-center clients update --help`)", err=True)


def _missing(client: "Client") -> Iterator[str]:
    """Yield what will not work, for want of something that is easily forgotten."""
    is_app = client.access_token_format == "app"  # noqa: S105 - a kind of token
    if (is_app or client.access_token_format == "jwt") and not client.audiences:  # noqa: S105
        yield "without --audience its access tokens are for no API but the site itself"
    if not client.has_logins:
        return
    # An app signs out by giving its token back, without a browser.
    if not client.post_logout_redirect_uris and not is_app:
        yield "without --post-logout-redirect-uri a logout that wants to come back to the site shows an error"
    # An app on somebody's device has no address to be told at.
    if not client.backchannel_logout_uri and not client.is_public:
        yield "without --backchannel-logout-uri the site is not told when people log out elsewhere"
