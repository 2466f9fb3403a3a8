"""`sso-center serve`: the center, with everything it needs, until it is told to stop."""

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import WSGIApplication

import click

from sso_center.base.errors import SettingsError
from sso_center.base.settings import Settings, load_settings
from sso_center.protocols.table import FACADES, Facades


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen, instead of SSO_BIND.")
@click.option("--workers", metavar="N", help="How many web workers, instead of SSO_WORKERS.")
def serve(bind: str | None, workers: str | None) -> None:
    """Run the center: web workers, the courier, and the embedded stores where no others are set."""
    given = {"SSO_BIND": bind, "SSO_WORKERS": workers}
    environ = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    run(load_settings(environ))


def run(settings: Settings, facades: Facades = FACADES) -> None:
    """Serve with these settings, and speak the protocols of `facades`, until told to stop.

    Raises SettingsError for what a person must mend, Unavailable when a store is away at the start.
    """
    _share_counters(settings)
    # Loaded here, once, so that all processes share the pages.
    from sso_center.app import create_app, paths_of  # noqa: PLC0415
    from sso_center.cli.supervisor import supervise  # noqa: PLC0415
    from sso_center.courier import run as run_courier  # noqa: PLC0415
    from sso_center.server import Limits  # noqa: PLC0415
    from sso_center.server.access_log import log_to_stdout  # noqa: PLC0415
    from sso_center.services import build_services  # noqa: PLC0415
    from sso_center.storage.migrate import prepare_database  # noqa: PLC0415
    from sso_center.web.logging import configure  # noqa: PLC0415
    from sso_center.web.startup_retry import retrying_application  # noqa: PLC0415

    # Until the supervisor takes the signals: a stop must not leave the embedded server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    configure(settings.log_level)
    if settings.log_level in ("debug", "info"):
        log_to_stdout()
    paths = paths_of(facades)

    def make_application() -> WSGIApplication:
        return create_app(build_services(settings, facades), facades).wsgi_app

    with embedded_server(settings) as keep_running:
        prepare_database(settings)
        supervise(
            settings,
            Limits(
                max_body=settings.max_body,
                body_timeout=settings.body_timeout,
                trusted_proxies=settings.trusted_proxies,
                slow_posts=frozenset(paths.password_posts),
                apart=paths.slow,
                polled=frozenset(paths.polled),
            ),
            lambda: retrying_application(make_application),
            lambda: run_courier(settings, facades),
            keep_running,
        )


def _share_counters(settings: Settings) -> None:
    """Let all processes count into one folder; must be set before anything counts (prometheus_client)."""
    # Each run has its own: another center may run on the same data, and its counters are not ours to remove.
    folder = settings.data_dir / "metrics" / str(os.getpid())
    _remove_counters_of_ended_runs(folder)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as failed:
        # What can't be made says so for itself; in a folder that is there, something can't be written.
        can = "written" if os.path.isdir(settings.data_dir) else "made"
        raise SettingsError(
            f"SSO_DATA_DIR is {str(settings.data_dir)!r} but that folder can't be {can}: {failed.strerror}"
        ) from failed
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _remove_counters_of_ended_runs(own: Path) -> None:
    for folder in own.parent.glob("*"):
        # A process that has our number now is not the one that counted there.
        if folder == own or not Path(f"/proc/{folder.name}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def embedded_server(settings: Settings) -> Iterator[Callable[[], None]]:
    """Run the embedded Redis for the block where it is wanted; yields what keeps it running."""
    from sso_center.storage.embedded import EmbeddedServer  # noqa: PLC0415

    if settings.redis_url:
        yield lambda: None
        return
    server = EmbeddedServer(settings.data_dir)
    server.join()
    try:
        yield server.ensure_running
    finally:
        server.leave()
