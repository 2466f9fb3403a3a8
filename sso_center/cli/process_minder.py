"""The process minder: its processes are forks of it, replaced when they die, and none outlives it.

A dead process is replaced at once. One that dies again and again right after its start waits ever longer, up
to five seconds, and is never given up. What children share is loaded before the first fork and frozen, so
that its pages stay shared.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

from sso_center.base.errors import SSOError

logger = logging.getLogger("sso_center.minder")

TICK = 0.25
"""Seconds between two ticks."""

SHORT_LIFE = 10.0
QUICK_RESTARTS = 3
LONGEST_PAUSE = 5.0

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Ready = Callable[[], None]
"""What a child calls when it is ready."""


class ProcessSlot:
    """One slot that always holds a process; `run` is its work, given the function that says it is ready."""

    def __init__(self, name: str, run: Callable[[Ready], None]) -> None:
        self.name = name
        self.run = run
        self.pid: int | None = None
        self.born = 0.0
        self.not_before = 0.0
        self._short_lives = 0

    def died(self, now: float) -> None:
        """Record a death at `now` (monotonic), and when the slot may be filled again."""
        self.pid = None
        self._short_lives = self._short_lives + 1 if now - self.born < SHORT_LIFE else 0
        over = self._short_lives - QUICK_RESTARTS
        self.not_before = now + (min(TICK * 2**over, LONGEST_PAUSE) if over > 0 else 0)


class ProcessMinder:
    """Fills slots with processes until SIGTERM, SIGINT or SIGHUP.

    `tick` is called four times a second, for other upkeep; `on_ready` with the slot of every child that said
    it was ready.
    """

    def __init__(self, tick: Callable[[], None], on_ready: Callable[[ProcessSlot], None]) -> None:
        self._tick = tick
        self._on_ready = on_ready
        self._slots: list[ProcessSlot] = []
        self._is_ending = False
        self._trouble = ""
        self._next_tick = 0.0
        self._lifeline = os.pipe()
        self._news = os.pipe()
        self._signals = os.pipe()
        for end in (*self._signals, self._news[0]):
            os.set_blocking(end, False)

    def add(self, slot: ProcessSlot) -> None:
        """Add a slot, which `supervise` fills."""
        self._slots.append(slot)

    @contextlib.contextmanager
    def listening_to_signals(self) -> Iterator[None]:
        """Handle this process's signals for the block; early ones are kept for `supervise`."""
        before = {number: signal.signal(number, _noted) for number in (*_ENDING, signal.SIGCHLD)}
        signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def supervise(self) -> None:
        """Keep every slot filled until told to end."""
        gc.collect()
        while True:
            self._fill()
            self._look_after()
            if self._wait():
                return

    def end(self, slots: list[ProcessSlot], grace: float) -> None:
        """Ask the processes in these slots to end, and kill those that still run after `grace` seconds.

        A second signal to end kills them at once.
        """
        self._is_ending = True
        for slot in slots:
            _signal(slot, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self._reap(slots) and time.monotonic() < deadline:
            if self._wait():
                break
        for slot in slots:
            if slot.pid is not None:
                logger.warning("%s did not end in time and is killed", slot.name)
                _signal(slot, signal.SIGKILL)
        while self._reap(slots):
            self._wait()

    def _fill(self) -> None:
        now = time.monotonic()
        self._reap(self._slots)
        for slot in self._slots:
            if slot.pid is None and now >= slot.not_before:
                self._fork(slot)

    def _reap(self, slots: list[ProcessSlot]) -> bool:
        """Reap dead processes; say whether any is left."""
        for slot in slots:
            # Never waitpid(-1): it would take other children's exits from the code that waits for them.
            if slot.pid is not None and (found := os.waitpid(slot.pid, os.WNOHANG))[0]:
                slot.died(time.monotonic())
                if found[1] and not self._is_ending:
                    logger.error("%s %s", slot.name, _exit_reason(os.waitstatus_to_exitcode(found[1])))
        return any(slot.pid is not None for slot in slots)

    def _look_after(self) -> None:
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + TICK
        trouble = ""
        try:
            self._tick()
        except SSOError as failed:
            trouble = failed.detail or failed.message
        except Exception as failed:
            trouble = repr(failed)
        if trouble != self._trouble:
            self._trouble = trouble
            logger.log(*(logging.ERROR, trouble) if trouble else (logging.INFO, "all is well again"))

    def _wait(self) -> bool:
        """Wait for a signal, a child's message or the next tick; say whether a signal asked to end."""
        readable, _, _ = select.select([self._signals[0], self._news[0]], [], [], TICK)
        if self._news[0] in readable:
            self._hear(os.read(self._news[0], 4096))
        if self._signals[0] not in readable:
            return False
        return any(number in _ENDING for number in os.read(self._signals[0], 4096))

    def _hear(self, numbers: bytes) -> None:
        for number in numbers:
            self._on_ready(self._slots[number])

    def _fork(self, slot: ProcessSlot) -> None:
        gc.freeze()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that reaches the child while it still has our handlers would look like one to us.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            slot.born = time.monotonic()
            pid = os.fork()
            if pid == 0:
                self._be(slot, mask)
            slot.pid = pid
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _be(self, slot: ProcessSlot, mask: set[int | signal.Signals]) -> NoReturn:
        code = 1
        try:
            self._part_from_parent(mask)
            _rename(slot.name)
            number = bytes([self._slots.index(slot)])
            slot.run(lambda: _say(self._news[1], number))
            code = 0
        except SSOError as failed:
            logger.error("%s: %s", slot.name, failed.detail or failed.message)
        except BaseException:
            logger.exception("%s failed", slot.name)
        finally:
            # No clean-up of the parent's resources, and no waiting for threads in native code.
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _part_from_parent(self, mask: set[int | signal.Signals]) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # Ctrl-C goes to the whole foreground group, but the parent decides who ends when.
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        for end in (self._lifeline[1], self._news[0], *self._signals):
            os.close(end)
        threading.Thread(target=_die_with_parent, args=(self._lifeline[0],), daemon=True).start()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _die_with_parent(lifeline: int) -> None:
    # Nothing is ever written: the read returns when the parent is gone, however it went.
    os.read(lifeline, 1)
    os._exit(1)


def _noted(_number: int, _frame: object) -> None:
    pass  # the wake-up pipe has the number


def _say(news: int, number: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(news, number)


def _signal(slot: ProcessSlot, number: signal.Signals) -> None:
    if slot.pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(slot.pid, number)


def _exit_reason(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with {code}"


def _rename(name: str) -> None:
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as own_name:
        own_name.write(f"sso-{name}")
