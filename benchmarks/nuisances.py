"""What others do while somebody's handoff is measured, each from a process of its own."""

import itertools
import multiprocessing
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from benchmarks.browser import Browser, Form
from benchmarks.paced import pace
from benchmarks.side import PASSWORD, Side
from benchmarks.units import LOGIN_PATH, Unit, drive, log_in
from benchmarks.wire import Connection, RefusedError

LOGINS_A_SECOND = 10
LOGIN_CONNECTIONS = 4
SLOW_SOCKETS = 20
START = 20.0
"""Seconds that a nuisance may take to get going, and to report when it was told to stop."""


@dataclass(frozen=True)
class Nuisance:
    """Something that disturbs.

    `work` is given the side and a pipe: it says on the pipe when it has begun, goes on until something
    comes from there, and then says what it did. A p99 beside it by the quiet one is to stay under
    `aimed_ratio`.
    """

    name: str
    title: str
    aimed_ratio: float
    work: Callable[[Side, Pipe], str]


@contextmanager
def disturbed(side: Side, nuisance: Nuisance) -> Iterator[Callable[[], str]]:
    """Have the nuisance going on for the block; what this yields stops it and returns what it did.

    Raises RefusedError when it could not do what it should.
    """
    # Forked: a fresh interpreter would keep a core busy for half a second, right before it is measured.
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_work, args=(nuisance, side, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        _hear(ours, nuisance)
        yield lambda: _stop(ours, nuisance)
    finally:
        ours.close()
        process.join(START)
        process.kill()
        process.join()


def _stop(pipe: Pipe, nuisance: Nuisance) -> str:
    pipe.send("stop")
    return _hear(pipe, nuisance)


def _hear(pipe: Pipe, nuisance: Nuisance) -> str:
    try:
        said = pipe.recv() if pipe.poll(START) else RefusedError("it says nothing")
    except (EOFError, ConnectionError):
        said = RefusedError("it ended by itself")
    if isinstance(said, RefusedError):
        raise RefusedError(f"{nuisance.name}: {said}")
    return str(said)


def _work(nuisance: Nuisance, side: Side, theirs: Pipe, ours: Pipe) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    theirs.close()  # so that ours tells when the other process is gone
    try:
        ours.send(nuisance.work(side, ours))
    except RefusedError as refused:
        ours.send(refused)


def _log_in_all_the_time(side: Side, pipe: Pipe) -> str:
    names = itertools.cycle(side.newcomers)

    def unit(_: int) -> Unit:
        return log_in(side, Browser(side.origin), next(names))

    drive(side, unit(0))
    pipe.send("begun")
    sample = pace(
        side,
        unit,
        rate=LOGINS_A_SECOND,
        connections=LOGIN_CONNECTIONS,
        goes_on=lambda _: not pipe.poll(),
    )
    return f"{sample.rate:.1f} logins/s, {sample.refused} refused, p50 {sample.percentile_ms(50):.0f} ms"


def _dribble(side: Side, pipe: Pipe) -> str:
    request = _login_request(side)
    forms = [_SlowForm(side, request) for _ in range(SLOW_SOCKETS)]
    pipe.send("begun")
    began, sent = time.perf_counter(), 0
    # One byte a second for each, and not all in the same moment.
    for form in itertools.cycle(forms):
        if pipe.poll(max(began + sent / SLOW_SOCKETS - time.perf_counter(), 0)):
            break
        form.send_byte()
        sent += 1
    dropped = sum(form.dropped for form in forms)
    return f"{SLOW_SOCKETS} slow forms, {sent} bytes of them, {dropped} given up by the server"


def _login_request(side: Side) -> bytes:
    browser = Browser(side.origin)
    form = Form.read(drive(side, browser.get(LOGIN_PATH)).expect(200).body.decode())
    filled = form.fields | {"username": side.newcomers[0], "password": PASSWORD}
    return next(browser.post(LOGIN_PATH, filled))


class _SlowForm:
    """One socket with a login form on its way, opened again when the server won't wait any longer."""

    def __init__(self, side: Side, request: bytes) -> None:
        self.dropped = 0
        self._side = side
        head, end, self._form = request.partition(b"\r\n\r\n")
        self._head = head + end
        self._open()

    def send_byte(self) -> None:
        if select.select([self._connection.socket], [], [], 0)[0]:
            # The whole form hasn't come yet: what there is to read can only be a refusal.
            self.dropped += 1
            self._connection.close()
            self._open()
        self._connection.send(self._form[self._sent : self._sent + 1])
        self._sent += 1

    def _open(self) -> None:
        self._sent = 0
        self._connection = Connection(self._side.origin)
        self._connection.send(self._head)


LOGINS = Nuisance("logins", f"beside {LOGINS_A_SECOND} password logins a second", 3.0, _log_in_all_the_time)
SLOW_FORMS = Nuisance(
    "slow forms", f"beside {SLOW_SOCKETS} login forms that come a byte a second", 1.5, _dribble
)
