"""Runs one demo site until it is told to stop."""

import os
import signal
import sys
import threading
from collections.abc import Callable

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Keeps connections open, and keeps quiet about every request."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(create_app: Callable[[str, str, str, str | None], Flask], default_port: int) -> None:
    """Serve a site on 127.0.0.1 with Werkzeug's threaded server; SIGINT and SIGTERM stop it."""
    environ = os.environ
    missing = [name for name in ("SSO_ISSUER", "SSO_CLIENT_ID", "SSO_CLIENT_SECRET") if not environ.get(name)]
    if missing:
        sys.exit(f"Set {', '.join(missing)} first; `sso-center demo` does so for all three sites.")
    app = create_app(
        environ["SSO_ISSUER"],
        environ["SSO_CLIENT_ID"],
        environ["SSO_CLIENT_SECRET"],
        environ.get("SSO_INTERNAL_URL") or None,
    )
    port = int(environ.get("PORT", default_port))
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet)
    # shutdown() waits for the serving loop, which is this very thread.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
