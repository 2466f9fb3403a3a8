"""The web worker: Granian in front, one Flask application behind, and between them what keeps the slow away.

Owns: the request's head (checked, and turned into a WSGI environ), its body (awaited, size and time
limited), where the application runs (at once on the one application thread, or in the one side thread
for requests that check a password), the request id and the access log. Runs one process; who starts
and minds the processes is `sso_center.cli.process_minder`'s business. Must not know: sessions, tokens, routes
of the application beyond the few paths it is handed, and anything of Redis or SQL.

No event loop: Granian's one Python thread calls `Front.receive` when a head is there, and the front
again when a body is, so a request costs what it costs under plain WSGI (with an event loop between:
half as much again), and yet nobody who sends slowly holds the thread.
"""

from sso_center.server.front import Front, Limits
from sso_center.server.worker import run_worker

__all__ = ["Front", "Limits", "run_worker"]
