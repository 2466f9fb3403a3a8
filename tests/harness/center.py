"""A real center in processes of its own, on a free port, with its own folder and a clock that moves."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from sso_center.base.settings import load_settings
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.migrate import ensure_schema
from sso_center.storage.sql import open_database
from tests.harness.clock import MovableClock
from tests.harness.commands import COMMANDS, Started
from tests.harness.empty_store import put_empty_store
from tests.harness.hot import Hot
from tests.harness.loopback import loopback_session
from tests.harness.ports import free_port
from tests.harness.site import Site, new_site
from tests.harness.waiting import eventually

ROOT = Path(__file__).parents[2]

# Linux ends the center when the tests are gone, however those went.
LIFELINE = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()

# A test's own limits are set by that test: the others must not meet them by the number of their log-ins,
# nor take a busy machine for a store that is away.
ROOMY = {
    "SSO_LOGIN_ATTEMPTS_BY_ACCOUNT": "100000",
    "SSO_LOGIN_ATTEMPTS_BY_ADDRESS": "1000000",
    "SSO_REDIS_TIMEOUT_MS": "5000",
}


RUNNING: list["Center"] = []
"""Every center that was started and not closed yet, so that a failure can show what they logged."""


@dataclass(frozen=True)
class Person:
    """An account that the center knows, and its password."""

    username: str
    password: str
    email: str
    roles: tuple[str, ...] = ()
    sub: str = ""


class Center:
    """One installation: `start`, `stop` and `kill` its processes as often as you like, its data stays."""

    facades = FACADES
    """The protocols that its services speak."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        host: str = "sso.localhost",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = free_port()
        self.issuer = f"http://{host}:{self.port}"
        self.internal_url = f"http://127.0.0.1:{self.port}"
        self.clock = MovableClock(folder / "clock")
        self.log_file = folder / "center.log"
        self.http = loopback_session()
        self.process: Started | None = None
        self._sites: list[Site] = []
        self._services: Services | None = None
        self.secrets: set[str] = set()
        """Every password, secret, code and token that passed through: none may ever stand in the log."""
        self.settings = {
            "SSO_ISSUER": self.issuer,
            "SSO_BIND": f"127.0.0.1:{self.port}",
            "SSO_DATA_DIR": str(self.data_dir),
            "SSO_WORKERS": str(workers),
            "SSO_TEST_CLOCK": str(self.clock.file),
            "SSO_ALLOW_PRIVATE_ADDRESSES": "yes",
            **ROOMY,
            **(settings or {}),
        }

    # Processes

    def start(self) -> "Center":
        """Start `sso-center serve` and return once it says that it is ready."""
        put_empty_store(self.settings)
        with self.log_file.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), log.fileno(), log.fileno()]
            self.process = COMMANDS.start(["serve"], environ=self.environ, folder=ROOT, streams=streams)
        if self not in RUNNING:
            RUNNING.append(self)
        eventually(self._is_ready, what=f"the start of the center at {self.issuer}")
        return self

    def stop(self) -> int:
        """Ask the center to stop, as systemd does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process that minds the others, without a word."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop what runs, let go of every connection, and look the log over."""
        if self in RUNNING:
            RUNNING.remove(self)
        try:
            self.stop()
        finally:
            for site in self._sites:
                site.http.close()
            self.http.close()
        self._look_over_log()

    @property
    def is_running(self) -> bool:
        """Whether the process started last is still there."""
        return self.process is not None and self.process.poll() is None

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment that the center's processes and its command line run in."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
        return {**inherited, **self.settings, "PYTHONUNBUFFERED": "1"}

    @property
    def log(self) -> str:
        """Return all that its processes wrote."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def _end(self, how: signal.Signals) -> int:
        self._let_go_of_stores()
        process = self.process
        if process is None:
            return 0
        self.process = None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(timeout=60)
        except subprocess.TimeoutExpired as hangs:
            process.kill()
            process.wait()
            raise AssertionError(f"the center did not stop:\n{self.log[-4000:]}") from hangs

    def _look_over_log(self) -> None:
        log = self.log
        leaked = [secret for secret in self.secrets if secret in log]
        assert not leaked, f"secrets stand in the log {self.log_file}: {leaked}"
        trace = log.find("Traceback")
        assert trace < 0, f"something unforeseen happened:\n{log[max(0, trace - 500) : trace + 4000]}"

    def _is_ready(self) -> bool:
        assert self.is_running, f"the center ended at its start:\n{self.log[-4000:]}"
        try:
            return self.http.get(self.url("/readyz"), timeout=5).status_code == 200
        except requests.RequestException:
            return False

    # Time

    def move_clock(self, seconds: float) -> None:
        """Move the center's time forward, for all of its processes at once."""
        self.clock.move(seconds)

    # Addresses and plain requests

    def url(self, path: str) -> str:
        """Return the address of a path at the center, as browsers see it."""
        return self.issuer + path

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET without cookies and without following anything."""
        return self.http.get(self.url(path), allow_redirects=False, timeout=60, **options)

    # The command line

    def run(
        self, *arguments: str, stdin: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run `sso-center ARGUMENTS`, beside the running center or without one; `check` asserts success."""
        done = COMMANDS.run(arguments, environ=self.environ, folder=ROOT, stdin=stdin, timeout=timeout)
        assert not check or done.returncode == 0, (
            f"sso-center {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    # People and sites

    @property
    def services(self) -> Services:
        """Return the core in this very process, for registering and for looking at what is stored."""
        if self._services is None:
            put_empty_store(self.settings)
            settings = load_settings(self.settings)
            database = open_database(settings)
            ensure_schema(database)
            database.close()
            self._services = build_services(settings, self.facades)
        return self._services

    @property
    def hot(self) -> Hot:
        """Look at what Redis holds, and let it lose things."""
        return Hot(self.services.redis)

    def add_person(self, username: str = "", *, password: str = "", roles: Sequence[str] = ()) -> Person:
        """Register an account; name and password are made up when not given."""
        username = username or f"person-{secrets.token_hex(5)}"
        password = password or secrets.token_urlsafe(12)
        email = f"{username}@example.org"
        user = self.services.users.add(username, profile={"email": email}, roles=roles, password=password)
        self.secrets.add(password)
        return Person(username, password, email, tuple(roles), user.sub)

    def add_site(self, client_id: str = "", *, redirect_uri: str = "", **registration: Any) -> Site:
        """Register a client; `registration` holds other fields of core.clients.rules.Registration."""
        client_id = client_id or f"site-{secrets.token_hex(5)}"
        redirect_uri = redirect_uri or f"http://{client_id}.localhost:1/sso/callback"
        registration = {"id_token_alg": "ES256", **registration}
        _, secret = self.services.clients.add(client_id, redirect_uris=(redirect_uri,), **registration)
        site = new_site(self, client_id, secret or "", redirect_uri)
        self._sites.append(site)
        self.secrets |= {secret} - {None}
        return site

    def _let_go_of_stores(self) -> None:
        # The embedded server stays up as long as anybody uses it: a stopped center must be really stopped.
        services, self._services = self._services, None
        if services is not None:
            services.close()
