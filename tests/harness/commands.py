"""Commands in real processes of their own, forked from one that has loaded already what they all load.

Half a second of each `sso-center ...` is Python reading libraries, and tests run hundreds of them. What is
forked has loaded libraries and nothing else: it has opened no store, read no setting and begun no thread.
"""

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CENTER = "sso_center.__main__"
MAX_MESSAGE = 1 << 18
PR_SET_PDEATHSIG = 1


class Started:
    """A command that runs, with what the tests use of subprocess.Popen."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.returncode: int | None = None
        self.pid = int(answers.recv(64))

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self._take()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended. Raises subprocess.TimeoutExpired when that takes longer (seconds)."""
        if self.returncode is None:
            if not select.select([self._answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self._take()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(signal.SIGKILL)

    def _take(self) -> None:
        self.returncode = int(self._answers.recv(64))
        self._answers.close()


class Commands:
    """Runs `sso-center ARGUMENTS` for one process of the tests; its own process ends with that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        stdin: str,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end. Raises subprocess.TimeoutExpired, when it is killed."""
        with tempfile.TemporaryFile("w+") as given, _output() as out, _output() as err:
            given.write(stdin)
            given.seek(0)
            started = self.start(
                arguments, environ=environ, folder=folder, streams=[one.fileno() for one in (given, out, err)]
            )
            try:
                code = started.wait(timeout)
            except subprocess.TimeoutExpired:
                started.kill()
                raise
            return subprocess.CompletedProcess(list(arguments), code, _text(out), _text(err))

    def start(
        self,
        arguments: Sequence[str],
        *,
        environ: Mapping[str, str],
        folder: Path,
        streams: Sequence[int],
        program: str = CENTER,
    ) -> Started:
        """Start a command with these for standard input, output and error; it ends with the tests.

        A `program` is a module with a `main`.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked = json.dumps(
            {
                "arguments": list(arguments),
                "environ": dict(environ),
                "folder": str(folder),
                "program": program,
            }
        )
        with theirs:
            socket.send_fds(self._forker(), [asked.encode()], [theirs.fileno(), *streams])
        return Started(ours)

    def _forker(self) -> socket.socket:
        with self._lock:
            if self._channel is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "tests.harness.commands", str(theirs.fileno())],
                        cwd=Path(__file__).parents[2],
                        pass_fds=[theirs.fileno()],
                        env={
                            name: value for name, value in os.environ.items() if not name.startswith("SSO_")
                        },
                    )
                self._channel = ours
                atexit.register(self._end)
            return self._channel

    def _end(self) -> None:
        assert self._channel is not None
        assert self._process is not None
        self._channel.close()
        self._process.wait()


COMMANDS = Commands()


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}


def _output() -> Any:
    return tempfile.TemporaryFile("w+b")


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode(errors="replace"))


# In the process that is forked


def _serve(channel: socket.socket) -> None:
    # What every command needs, and of `serve` what reads no setting when it is loaded.
    import flask_babel  # noqa: F401
    import flask_wtf  # noqa: F401
    import granian  # noqa: F401

    import sso_center.cli.main
    import sso_center.services  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, files, *_ = socket.recv_fds(channel, MAX_MESSAGE, 4)
        if not asked:
            return
        if os.fork() == 0:
            channel.close()
            _mind(json.loads(asked), files)
        for file in files:
            os.close(file)


def _mind(asked: dict[str, Any], files: list[int]) -> None:
    """Be the parent of one command: say which process it is, and what became of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _end_with_parent(signal.SIGKILL)
    told, *streams = files
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _end_with_parent(signal.SIGTERM)
        _become(asked, streams)
    # Whoever asked may be gone by now.
    with socket.socket(fileno=told) as answers, contextlib.suppress(OSError):
        answers.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        answers.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _end_with_parent(number: int) -> None:
    # Linux ends what was started when the tests are gone, however those went.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def _become(asked: dict[str, Any], streams: list[int]) -> None:
    for place, file in enumerate(streams):
        os.dup2(file, place)
        os.close(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True)  # type: ignore[attr-defined]
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    sys.argv = ["sso-center", *asked["arguments"]]
    os._exit(_run(asked["program"]))


def _run(program: str) -> int:
    code: Any = 0
    try:
        importlib.import_module(program).main()
    except SystemExit as left:
        code = left.code
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as line:
        _serve(line)
