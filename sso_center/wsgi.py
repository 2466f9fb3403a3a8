"""The center as a plain WSGI application: `gunicorn sso_center.wsgi:application`.

For servers other than our own, behind a proxy that buffers requests; docs/wsgi.md says what is missing then.
The settings are read when this is imported, so that a bad one stops the server at its start. All else is
opened at a process's first request: many servers import the application before they fork, and no connection
may be shared across a fork.
"""

import os
from collections.abc import Callable, Iterable
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sso_center.base.settings import Settings, load_settings
from sso_center.web.logging import configure, note_request_id
from sso_center.web.startup_retry import retrying_application


class ProcessApplication:
    """A WSGI application that each process makes for itself, at its first request."""

    def __init__(self, make: Callable[[], WSGIApplication]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: dict[int, WSGIApplication] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        # PEP 3333: it may be absent when it is empty.
        environ.setdefault("PATH_INFO", "")
        note_request_id(environ)
        application = self._made.get(os.getpid()) or self._first()
        return application(environ, start_response)

    def _first(self) -> WSGIApplication:
        with self._lock:
            # What a process made before it forked is of no use to its children.
            made = self._made.get(os.getpid()) or retrying_application(self._make)
            self._made = {os.getpid(): made}
            return made


def make_application(settings: Settings) -> WSGIApplication:
    """Return the center's application on these settings, its tables up to date.

    Raises Unavailable while a store is away, SettingsError for what a person must mend.
    """
    from sso_center.app import create_app  # noqa: PLC0415
    from sso_center.protocols.table import FACADES  # noqa: PLC0415
    from sso_center.services import build_services  # noqa: PLC0415
    from sso_center.storage.migrate import prepare_database  # noqa: PLC0415

    prepare_database(settings)
    return create_app(build_services(settings, FACADES)).wsgi_app


def _application() -> ProcessApplication:
    settings = load_settings()
    configure(settings.log_level)
    return ProcessApplication(lambda: make_application(settings))


application = _application()
