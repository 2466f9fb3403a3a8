"""The web worker: Granian in front, one Flask application behind, and between them the protection against
slow clients.

Owns: the request's head (checked, and turned into a WSGI environ), its body (awaited, limited in size and
time), the thread that runs the application (the application thread, or a side thread for requests that check
a password), the request id and the access log. Runs one process; `sso_center.cli.process_minder` starts and
restarts the processes. Must not know: sessions, tokens, routes of the application beyond the few paths it is
given, and anything of Redis or SQL.

No event loop: Granian's one Python thread calls `Front.receive` when a head is there, and the front again
when a body is, so a request costs what it costs under plain WSGI (an event loop in between adds half as
much), and no slow sender holds the thread.
"""

from sso_center.server.front import Front, Limits
from sso_center.server.worker import run_worker

__all__ = ["Front", "Limits", "run_worker"]
