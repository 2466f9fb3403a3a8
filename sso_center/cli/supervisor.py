"""What `serve` keeps running: web workers on one listening socket, a courier, and what `tick` looks after."""

import errno
import logging
import resource
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from sso_center.base.errors import SettingsError
from sso_center.base.settings import Settings
from sso_center.cli.minder import Charge, Minder, Ready
from sso_center.server import Front, Limits, run_worker
from sso_center.server.worker import BACKLOG, MAX_CONNECTIONS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

logger = logging.getLogger("sso_center.serve")

GRACE = 10.0
"""Seconds that requests under way have to finish at a stop, and after them the courier's deliveries."""


def supervise(
    settings: Settings,
    limits: Limits,
    make_application: Callable[[], "WSGIApplication"],
    run_courier: Callable[[], None],
    tick: Callable[[], None] = lambda: None,
    *,
    grace: float = GRACE,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, then stop cleanly: web workers first, the courier after them.

    `make_application` and `run_courier` are called in the children, after the fork; `run_courier` is
    expected to return on SIGTERM. `tick` is called here, four times a second. Raises SettingsError when
    the address can't be listened on.
    """
    listener = open_listener(settings.bind_host, settings.bind_port)
    _allow_many_connections()
    is_announced = False

    def announce(charge: Charge) -> None:
        nonlocal is_announced
        if not is_announced:
            is_announced = True
            print(_announcement(settings, listener), flush=True)

    def work(ready: Ready) -> None:
        front = Front(make_application(), limits, listener.getsockname()[:2])
        run_worker(front, listener, grace=grace, on_ready=ready)

    def carry(_ready: Ready) -> None:
        listener.close()
        run_courier()

    minder = Minder(tick, announce)
    workers = [Charge(f"web-{number + 1}", work) for number in range(settings.workers)]
    courier = Charge("courier", carry)
    for charge in (*workers, courier):
        minder.add(charge)
    with minder.listening_to_signals():
        minder.mind()
        # From here new connections are refused, not kept waiting for nobody.
        listener.close()
        minder.end(workers, grace + 2)
        minder.end([courier], grace)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host`:`port`. Raises SettingsError, saying why, when it can't."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it; without, an answer's second packet waits for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as failed:
        raise SettingsError(f"SSO_BIND is {where!r} but {_why(failed)}") from failed
    return listener


def _why(failed: OSError) -> str:
    return {
        errno.EADDRINUSE: "another program listens there already",
        errno.EACCES: "this user may not listen there (ports below 1024 are for root)",
        errno.EADDRNOTAVAIL: "this machine does not have that address",
    }.get(failed.errno or 0, f"that can't be listened on: {failed.strerror or failed}")


def _announcement(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    workers = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    return f"sso-center serves {settings.issuer} on {where} with {workers}"


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 1024
    if hard != resource.RLIM_INFINITY and hard < wanted:
        logger.warning(
            "only %d open files are allowed: raise LimitNOFILE to %d, or slow senders can use them up",
            *(hard, wanted),
        )
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
