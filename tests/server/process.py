"""A supervised stand-in as tests see it: start it, look at its processes, open its gates, read its story."""

import contextlib
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

from tests.harness.commands import COMMANDS
from tests.harness.waiting import eventually
from tests.server.wire import Connection


def is_gone(pid: int) -> bool:
    """Say whether a process has ended, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Supervised:
    """The supervisor and its children, on a port of their own; made ready when this returns."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        port: int = 0,
        grace: float = 10,
        trusted_proxies: str = "",
        is_ready: bool = True,
        **limits: Any,
    ) -> None:
        self.folder = folder
        told = {
            "workers": workers,
            "port": port,
            "grace": grace,
            "trusted_proxies": trusted_proxies,
            "limits": limits,
        }
        names = (os.devnull, folder / "stdout", folder / "stderr")
        with contextlib.ExitStack() as opened:
            streams = [opened.enter_context(Path(name).open("ab")).fileno() for name in names]
            self.process = COMMANDS.start(
                [json.dumps(told)],
                environ=os.environ,
                folder=folder,
                streams=streams,
                program="tests.server.standin",
            )
        self.port = port
        if is_ready:
            self.await_ready()

    def await_ready(self) -> None:
        """Return when the supervisor said that it serves."""
        said = eventually(self._announcement, what="the announcement")
        self.port = int(said.group(1))

    def connect(self) -> Connection:
        """Return a fresh connection to the workers."""
        return Connection(self.port)

    def open_gate(self, name: str) -> None:
        """Let pass whoever waits there."""
        (self.folder / name).touch()

    def await_at_gate(self, name: str) -> None:
        """Return when a request stands there."""
        eventually((self.folder / f"{name}.waiting").exists, what=f"a request at the gate {name}")

    @property
    def story(self) -> list[str]:
        """Return what the processes noted, in order."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "story").read_text().splitlines()
        return []

    @property
    def stdout(self) -> str:
        """Return all that was printed."""
        return (self.folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        """Return all that was logged, but for the access log."""
        return (self.folder / "stderr").read_text()

    def access_log(self) -> list[dict[str, Any]]:
        """Return the lines of the access log."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def pids(self, kind: str) -> list[int]:
        """Return the living children whose name begins with `kind`: "web" or "courier"."""
        return [pid for pid, name in self._children() if name.startswith(f"sso-{kind}")]

    def _children(self) -> list[tuple[int, str]]:
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
                state, parent = rest.split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    found.append((int(entry.name), name))
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        """End it, whatever state it is in."""
        children = [pid for pid, _ in self._children()]
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pid in children:
            eventually(lambda pid=pid: is_gone(pid), what=f"the end of {pid}")

    def _announcement(self) -> re.Match[str] | None:
        assert self.process.poll() is None, f"it ended at its start:\n{self.stderr[-4000:]}"
        return re.search(r"^sso-center serves \S+ on 127\.0\.0\.1:(\d+) with", self.stdout, re.MULTILINE)
