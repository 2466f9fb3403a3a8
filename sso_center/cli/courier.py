"""`sso-center courier`: the background process alone, for web workers that another WSGI server runs."""

import click

from sso_center.base.settings import load_settings
from sso_center.cli.serve import embedded_server
from sso_center.protocols.table import FACADES


@click.command()
def courier() -> None:
    """Run the courier alone, until it is told to stop.

    For a center whose web workers gunicorn, uWSGI or mod_wsgi runs; `serve` has one of its own.
    """
    from sso_center.courier import run  # noqa: PLC0415
    from sso_center.storage.migrate import prepare_database  # noqa: PLC0415
    from sso_center.web.logging import configure  # noqa: PLC0415

    settings = load_settings()
    configure(settings.log_level)
    with embedded_server(settings):
        prepare_database(settings)
        run(settings, FACADES)
