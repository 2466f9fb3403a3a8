"""One web worker process: Granian on a listening socket that the supervisor opened, until told to stop."""

import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, cast

from granian import _granian
from granian.http import HTTP1Settings

from sso_center.server.access_log import write_waiting
from sso_center.server.front import Front

BACKLOG = 1024
MAX_HEAD = 32 * 1024
"""Bytes a head may have; Granian answers 431 to more."""

MAX_CONNECTIONS = 8192
SPARE_FILES = 256
TICK = 0.25
SETTLE = 0.3
"""Seconds without a running request after which idle connections are cut at a stop."""


logger = logging.getLogger("sso_center.server")


class _InlineLoop:
    """Granian's event loop in name only: callbacks run at once, on the thread that brings them."""

    def call_soon(self, callback: Callable[..., object], *args: object, context: object = None) -> None:
        callback(*args)

    call_soon_threadsafe = call_soon


class _Scheduler(_granian.CallbackScheduler):
    """Granian's scheduler: its Python thread calls the front for each request, without a task or loop in
    between.
    """

    def __new__(cls, loop: _InlineLoop, front: Front) -> "_Scheduler":
        make: Any = super().__new__
        scheduler: Any = make(cls, loop, front.receive, None, None, None)
        scheduler._schedule_fn = front.receive
        return cast(_Scheduler, scheduler)


def run_worker(
    front: Front, listener: socket.socket, *, grace: float, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve requests from `listener` until SIGTERM, then finish the running ones.

    Owns the socket from here on. The supervisor has it open too, so a killed worker takes no waiting
    connection with it. `on_ready` is called once connections are accepted. Finishing takes at most `grace`
    seconds; the process is expected to end when this returns.
    """
    # Blocked before any other thread exists, so that only this one ever gets it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    # How long a thread that returns from Redis may wait for one that computes: not 5 ms.
    sys.setswitchinterval(0.001)
    _log_like_everything_else()
    stop, is_stopped = _granian.WorkerSignal(), threading.Event()
    stop.add_cb(is_stopped.set)
    _start_granian(front, listener, stop)
    on_ready()
    while signal.sigtimedwait({signal.SIGTERM}, TICK) is None:
        front.tick()
        _give_up_if_stuck(front)
    stop.set()
    front.end_streams()
    _drain(front, is_stopped, grace)
    write_waiting()


def _start_granian(front: Front, listener: socket.socket, stop: _granian.WorkerSignal) -> None:
    # These two are called as Granian 2.8 has them, which differs from its published types.
    make_holder: Any = _granian.SocketHolder
    make_worker: Any = _granian.RSGIWorker
    worker = make_worker(
        worker_id=1,
        sock=(None, make_holder(listener.detach(), False, BACKLOG)),
        ipc=None,
        backpressure=_connections_allowed(),
        http_mode="1",
        http1_opts=HTTP1Settings(
            header_read_timeout=int(front.header_timeout * 1000), max_buffer_size=MAX_HEAD
        ),
        websockets_enabled=False,
    )
    loop = _InlineLoop()
    worker.serve_async(_Scheduler(loop, front), loop, stop)


def _drain(front: Front, is_stopped: threading.Event, grace: float) -> None:
    # Browsers keep spare connections without any request: nobody waits for those.
    deadline = time.monotonic() + grace
    settled = time.monotonic() + SETTLE
    while not is_stopped.wait(0.05) and time.monotonic() < min(deadline, settled):
        front.tick()
        if not front.is_idle:
            settled = time.monotonic() + SETTLE


def _give_up_if_stuck(front: Front) -> None:
    # It would still accept its share of all connections and answer none of them.
    if front.is_stuck:
        stacks = "\n".join("".join(traceback.format_stack(at)) for at in sys._current_frames().values())
        logger.critical("A request never ends; the worker gives up. Its threads were at:\n%s", stacks)
        os._exit(1)


def _connections_allowed() -> int:
    # Running out of files would leave Granian accepting in vain as fast as it can.
    return min(MAX_CONNECTIONS, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES, 64))


def _log_like_everything_else() -> None:
    granian = logging.getLogger("_granian")
    granian.setLevel(logging.ERROR)
    granian.handlers.clear()
    granian.propagate = True
