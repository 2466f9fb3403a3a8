"""`sso-center clients remove` and `rotate-secret`."""

import click

from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import print_json


@click.command()
@click.argument("client_id", metavar="ID")
def remove(client_id: str) -> None:
    """Remove a site: nobody can log in there any more, and nothing that it was given counts."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415
        from sso_center.core.endings import Reason  # noqa: PLC0415

        services.clients.remove(client_id)
        # Or all that it was given and agreed to would count again for who is registered under this id next.
        services.mass_endings.cut_off("client", client_id, Reason.ADMIN, ACTOR)
        for user in services.users.all():
            if user.consent_to(client_id) is not None:
                services.users.withdraw_consent(user.sub, client_id)
        services.audit.record(Tag.CLIENT_REMOVED, client_id=client_id, actor=ACTOR)
    click.echo(f"{client_id} is removed.")


@click.command("rotate-secret")
@click.argument("client_id", metavar="ID")
def rotate_secret(client_id: str) -> None:
    """Give a site another secret, and refuse the old one at once. Prints JSON with client_secret."""
    with opened_services() as services:
        from sso_center.core.audit import Tag  # noqa: PLC0415

        secret = services.clients.rotate_secret(client_id)
        services.audit.record(Tag.CLIENT_SECRET_ROTATED, client_id=client_id, actor=ACTOR)
    print_json({"client_id": client_id, "client_secret": secret})
