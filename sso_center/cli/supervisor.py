"""The supervisor of `serve`: web workers on one address, a courier, and the work of `tick`."""

import errno
import logging
import resource
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

from sso_center.base.errors import SettingsError
from sso_center.base.settings import Settings
from sso_center.cli.process_minder import ProcessMinder, ProcessSlot, Ready
from sso_center.server import Front, Limits, run_worker
from sso_center.server.worker import BACKLOG, MAX_CONNECTIONS

logger = logging.getLogger("sso_center.serve")

GRACE = 10.0
"""Seconds that requests under way have to finish at a stop, and after them the courier's deliveries."""

SILENCE = 60_000
"""Milliseconds without an acknowledgement after which the kernel drops a peer."""


def supervise(
    settings: Settings,
    limits: Limits,
    make_application: Callable[[], WSGIApplication],
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
    listeners = open_listeners(settings.bind_host, settings.bind_port, settings.workers)
    _allow_many_connections()
    is_announced = False

    def announce(slot: ProcessSlot) -> None:
        nonlocal is_announced
        if not is_announced:
            is_announced = True
            print(_announcement(settings, listeners[0]), flush=True)

    def work(number: int, ready: Ready) -> None:
        mine = listeners[number]
        _close(listener for listener in listeners if listener is not mine)
        front = Front(make_application(), limits, mine.getsockname()[:2])
        run_worker(front, mine, grace=grace, on_ready=ready)

    def carry(_ready: Ready) -> None:
        _close(listeners)
        run_courier()

    minder = ProcessMinder(tick, announce)
    workers = [ProcessSlot(f"web-{number + 1}", partial(work, number)) for number in range(settings.workers)]
    courier = ProcessSlot("courier", carry)
    for slot in (*workers, courier):
        minder.add(slot)
    with minder.listening_to_signals():
        minder.supervise()
        # From here new connections are refused instead of waiting in vain.
        _close(listeners)
        minder.end(workers, grace + 2)
        minder.end([courier], grace)


def open_listeners(host: str, port: int, count: int) -> list[socket.socket]:
    """Return `count` sockets that listen on `host`:`port`, one for each worker.

    The kernel shares connections out between them. On one socket for all, the worker that wakes first takes
    every connection of a proxy, keeps it alive, and does the work of all. They stay open here, so that
    connections of a killed worker wait for its successor. Raises SettingsError, saying why, when it can't.
    """
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Another center could share the address with ours unnoticed: it must be free for one alone first.
        # Nobody listens there yet: a connection that came in that moment would be reset.
        _bind(family, address, is_shared=False).close()
        return [_listen(_bind(family, address, is_shared=True)) for _ in range(count)]
    except OSError as failed:
        raise SettingsError(f"SSO_BIND is {where!r} but {_why(failed)}") from failed


def _bind(family: int, address: Any, *, is_shared: bool) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted connections inherit it; without, an answer's second packet waits for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Inherited too. A host that vanished would keep a stream open for a quarter of an hour.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _listen(listener: socket.socket) -> socket.socket:
    try:
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _close(listeners: Iterable[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


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
