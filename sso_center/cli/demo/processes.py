"""The demo's processes: started, waited for, and stopped together, however the demo ends."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

START_LIMIT = 60.0
STOP_LIMIT = 25.0
"""Seconds. The center itself gives requests and deliveries under way ten each."""

_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessEnded(Exception):
    """A process of the demo is gone by itself, or did not come up; says which."""


class DemoStopped(Exception):
    """The person has asked the demo to stop."""


class Processes:
    """Starts processes that write to one log, and stops them, the last started first."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.is_stopping = False
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @contextlib.contextmanager
    def until_stopped(self) -> Iterator[None]:
        """Run the block with signals turned into `check` raising Stopped; then end every process."""
        before = {number: signal.signal(number, self._note) for number in _ENDING}
        try:
            yield
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, name: str, arguments: list[str], environ: Mapping[str, str]) -> None:
        """Start `python -m ARGUMENTS`. Raises Stopped when that was asked for meanwhile."""
        self.check()
        with self.log.open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", *arguments],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the terminal's whole group; who ends when is ours to say.
                process_group=0,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has no other thread
            )

    def wait_for(self, name: str, url: str) -> None:
        """Return when the process answers there. Raises Ended, Stopped."""
        deadline = time.monotonic() + START_LIMIT
        while not _answers(url):
            self.check()
            if time.monotonic() > deadline:
                raise ProcessEnded(f"{name} does not answer")
            time.sleep(0.05)

    def supervise(self) -> None:
        """Look after them all. Raises Stopped when told to, Ended when one is gone."""
        while True:
            self.check()
            time.sleep(0.2)

    def check(self) -> None:
        """Raise Stopped when told to stop, Ended when a process is gone."""
        if self.is_stopping:
            raise DemoStopped
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessEnded(f"{name} ended by itself (exit code {process.returncode})")

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True

    def _end_all(self) -> None:
        # Sites first: the center then has nobody to tell any more, and stops at once.
        for name in reversed(self._running):
            _end(self._running[name])


def is_free(port: int) -> bool:
    """Say whether nothing on this machine listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        # Always to this machine: a proxy of the environment has no part in it.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as answered:
        return answered.code < 500
    except (OSError, ValueError):
        return False


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: an answer is all that is asked for."""


def _end_with_parent() -> None:
    """Let Linux end this process when the demo is killed outright."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os._exit(1)
