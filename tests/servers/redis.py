"""One Redis or Valkey server on a port of its own."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis as PlainClient
from redis.exceptions import RedisError

from tests.harness.ports import free_port
from tests.harness.waiting import eventually

# Linux ends the server when the tests are gone, however those went.
LIFELINE = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()

QUIET = {"save": "", "bind": "127.0.0.1", "maxmemory-policy": "noeviction", "repl-diskless-sync-delay": "0"}


class RedisServer:
    """A server that is started, killed, paused and started again at the same address; its data stays."""

    def __init__(
        self,
        folder: Path,
        *,
        program: str = "redis-server",
        options: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        # Written at once, so that what is killed loses nothing: by `everysec` it waits for a slow disk first.
        self.options = {**QUIET, "appendonly": "yes", "appendfsync": "no", **(options or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self._program = program
        self._arguments = arguments

    def start(self) -> Self:
        """Start it and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        words = [word for name, value in self.options.items() for word in (f"--{name}", value)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*LIFELINE, self._program, *self._arguments, "--port", str(self.port), *words],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._answers, what=f"the start of {self._program}")
        return self

    def stop(self) -> None:
        """Shut it down cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it without a word."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: it keeps its connections and answers nothing."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def lose_data(self) -> None:
        """Remove what it wrote to disk; only while it is not running."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def client(self) -> PlainClient:
        """Return a plain client of it, for looking at what is stored."""
        return PlainClient.from_url(self.url, decode_responses=True)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        with self.client() as probe:
            try:
                return bool(probe.ping())
            except RedisError:
                return False

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(how)
            process.wait(timeout=60)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
