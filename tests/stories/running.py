"""Subsystems in processes of their own, registered by an admin on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.harness.browser import Browser, Page
from tests.harness.center import LIFELINE, ROOT, Center
from tests.harness.loopback import loopback_session
from tests.harness.ports import free_port
from tests.harness.site import Site, new_site
from tests.harness.waiting import eventually


class Subsystem:
    """One of the three of `tests.stories.subsystems`; `site` is the client that the center knows it as."""

    def __init__(
        self, center: Center, folder: Path, program: str, site: Site, port: int, **settings: Any
    ) -> None:
        self.center, self.site, self.settings = center, site, settings
        self.url = f"http://{program}.localhost:{port}"
        self.log_file = folder / f"{program}-{port}.log"
        self.http = loopback_session(connections=64)
        told = {"issuer": center.issuer, "client_id": site.client_id, "client_secret": site.client_secret}
        environ = {
            **os.environ,
            "SSO_TEST_CLOCK": str(center.clock.file),
            "SSO_SITE": json.dumps({**told, "timeout": 30, **settings}),
            "PORT": str(port),
        }
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [*LIFELINE, sys.executable, "-m", "tests.stories.subsystems", program],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(self._is_up, what=f"the start of {program}")

    @property
    def log(self) -> str:
        """Return its access log, and whatever else it wrote."""
        return self.log_file.read_text(errors="replace")

    def ask(self, path: str, token: str = "", *, method: str = "GET") -> requests.Response:
        """Call the API with a token in the Authorization header, or without one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, self.url + path, headers=headers, timeout=60, allow_redirects=False)

    def show(self, browser: Browser, path: str = "/") -> Page:
        """Open a page in a browser, and follow where it leads as long as that asks for no typing."""
        return browser.follow(browser.get(self.url + path))

    def close(self) -> None:
        """End the process."""
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=60)
        assert "Traceback" not in self.log, self.log[-4000:]

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return self.http.get(f"{self.url}/up", timeout=5).status_code == 404
        except requests.ConnectionError:
            return False


class Town:
    """A center, what an admin does there, and the subsystems around it."""

    def __init__(self, center: Center, folder: Path) -> None:
        self.center = center
        self._folder = folder
        self._running: list[Subsystem] = []

    def admin(self, *command: str, stdin: str = "") -> str:
        """Type a command as an admin does; returns what it printed."""
        return self.center.run(*command, stdin=stdin).stdout

    def register(self, client_id: str, *options: str, port: int = 0) -> Site:
        """Register a client by `sso-center clients add`, with an SDK's addresses on `port` when given."""
        url = f"http://{client_id}.localhost:{port}/sso" if port else "https://app.example/opened"
        redirect_uri = f"{url}/callback" if port else url
        addresses = ["--redirect-uri", redirect_uri]
        if port:
            inside = f"http://127.0.0.1:{port}/sso/backchannel-logout"
            addresses += [
                "--post-logout-redirect-uri",
                f"{url}/signed-out",
                "--backchannel-logout-uri",
                inside,
            ]
        if "--grant-type" in options and "authorization_code" not in options:
            addresses = []
        printed = json.loads(self.admin("clients", "add", client_id, *addresses, *options))
        secret = printed.get("client_secret") or ""
        self.center.secrets |= {secret} - {""}
        return new_site(self.center, client_id, secret, redirect_uri)

    def open(self, program: str, site: Site | None = None, *options: str, **settings: Any) -> Subsystem:
        """Start a subsystem: a new client registered with `options`, or another process of `site`."""
        port = free_port()
        site = site or self.register(program, *options, port=port)
        self._running.append(Subsystem(self.center, self._folder, program, site, port, **settings))
        return self._running[-1]

    @property
    def logs(self) -> str:
        """Return everything that the center and all subsystems wrote, access logs included."""
        return self.center.log + "".join(one.log for one in self._running)

    def close(self) -> None:
        """End the subsystems, and see that nothing secret stands in what they wrote."""
        for one in self._running:
            one.close()
        written = self.logs
        leaked = [secret for secret in self.center.secrets if secret in written]
        assert not leaked, f"secrets stand in a log: {leaked}"
