"""`sso-center keys`: what tokens and cookies are signed with."""

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import moment, print_json, print_table

PURPOSES = ("RS256", "ES256", "EdDSA", "cookie")


@click.group()
def keys() -> None:
    """List and rotate signing keys."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(*, as_json: bool) -> None:
    """List the keys and where each is in its life; never the keys themselves."""
    with opened_services() as services:
        found = services.keys.stored()
    if as_json:
        print_json(
            [
                {
                    "kid": key.kid,
                    "purpose": key.purpose,
                    "state": key.state.value,
                    "created_at": key.created_at,
                    "activated_at": key.activated_at,
                    "retired_at": key.retired_at,
                }
                for key in found
            ]
        )
        return
    rows = [
        (
            key.purpose,
            key.state.value,
            key.kid,
            moment(key.created_at),
            moment(key.activated_at),
            moment(key.retired_at),
        )
        for key in sorted(found, key=lambda key: (PURPOSES.index(key.purpose), -key.created_at))
    ]
    print_table(("FOR", "STATE", "KEY", "MADE", "SIGNS SINCE", "RETIRED"), rows, empty="No key yet.")


@keys.command()
@click.option("--purpose", type=click.Choice(PURPOSES), help="Only this one; all when not given.")
def rotate(purpose: str | None) -> None:
    """Let the next keys sign; those that signed so far only verify, until nothing they signed is alive."""
    with opened_services() as services:
        services.administration.keys.rotate(ACTOR, purpose)
    click.echo(f"Rotated {purpose or 'all keys'}.")
