"""The demo as `make demo` runs it, on ports of its own."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.harness.center import LIFELINE, ROOT
from tests.harness.loopback import loopback_session
from tests.harness.ports import free_ports
from tests.harness.waiting import eventually

SITES = ("shop", "forum", "staff")


@dataclass(frozen=True)
class Account:
    """Somebody whom the demo invites to sign in as."""

    username: str
    password: str


class Demo:
    """The center and its three sites; `printed` is what a person reads in the terminal."""

    def __init__(self, folder: Path) -> None:
        self.base = free_ports(4)
        self.center = f"http://sso.localhost:{self.base}"
        self.log_file = folder / "demo.log"
        self._http = loopback_session()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
        environ = {**inherited, "SSO_DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"}
        # It keeps to a folder of its own there: the stores of a real center are not for play.
        self._environ = {**environ, "SSO_DATA_DIR": str(folder / "data" / "demo")}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*LIFELINE, sys.executable, "-m", "sso_center", "demo", "--port-base", str(self.base)],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._is_ready, what="the start of the demo")

    @property
    def printed(self) -> str:
        """Return all that the demo wrote so far."""
        return self.log_file.read_text(errors="replace")

    def site(self, name: str) -> str:
        """Return the address of one of the three sites."""
        return f"http://{name}.localhost:{self.base + 1 + SITES.index(name)}"

    def admin(self, *command: str) -> None:
        """Type a command of `sso-center` in another terminal."""
        subprocess.run(
            [sys.executable, "-m", "sso_center", *command],
            cwd=ROOT,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            check=True,
            capture_output=True,
        )

    def account(self, username: str) -> Account:
        """Return an account as the terminal shows it: a name, and the password beside it."""
        shown = re.search(rf"^\s*{username}\s+(\S+)", self.printed, re.MULTILINE)
        assert shown, f"nobody called {username} is offered:\n{self.printed}"
        return Account(username, shown[1])

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        """Stop it, if it still runs."""
        self._http.close()
        if self.process.poll() is None:
            self.interrupt()

    def answers(self, url: str) -> bool:
        """Whether a server answers at `url` at all."""
        try:
            return self._http.get(url, timeout=5, allow_redirects=False).status_code < 500
        except requests.ConnectionError:
            return False

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the demo ended at its start:\n{self.printed}"
        return "ready" in self.printed
