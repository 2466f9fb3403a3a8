"""Starts our own center as its users do: `sso-center serve`, people and a site made by the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import LIFELINE, Service
from benchmarks.side import (
    LOGOUT_URI,
    PASSWORD,
    REDIRECT_URI,
    CannotStartError,
    Client,
    Endpoints,
    Side,
    free_port,
    usernames,
)
from benchmarks.wire import Connection, Origin, RefusedError

CLIENT_ID = "shop"


@contextmanager
def running_center(folder: Path, *, workers: int, alg: str) -> Iterator[Side]:
    """The center with its embedded stores, all in `folder`, stopped at the end. Raises CannotStartError."""
    port = free_port()
    origin = Origin(port, f"sso.localhost:{port}")
    environ = _environment(origin, folder, workers)
    with (folder / "center.log").open("wb") as log:
        serve = subprocess.Popen(
            [*LIFELINE, sys.executable, "-m", "sso_center", "serve"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    service = Service((serve.pid,), folder)
    try:
        _wait_until_ready(origin, serve, folder / "center.log")
        client = _add_client(environ, folder, alg)
        visitors, newcomers = usernames("visitor"), usernames("newcomer")
        _add_people(environ, folder, visitors + newcomers)
        yield Side("center", origin, client, Endpoints.discover(origin), visitors, newcomers, service)
    finally:
        service.stop()


def _environment(origin: Origin, folder: Path, workers: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
    return inherited | {
        "SSO_ISSUER": origin.url,
        "SSO_BIND": f"127.0.0.1:{origin.port}",
        "SSO_DATA_DIR": str(folder / "data"),
        "SSO_WORKERS": str(workers),
        # All logins come from one address here, and more in a minute than a person makes in a year.
        "SSO_LOGIN_ATTEMPTS_BY_ACCOUNT": "100000",
        "SSO_LOGIN_ATTEMPTS_BY_ADDRESS": "1000000",
        "SSO_ALLOW_PRIVATE_ADDRESSES": "yes",
    }


def _wait_until_ready(origin: Origin, serve: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and serve.poll() is None:
        try:
            connection = Connection(origin)
            if connection.ask(origin.get("/readyz")).status == 200:
                return
        except (OSError, RefusedError):
            pass
        time.sleep(0.1)
    raise CannotStartError(f"sso-center serve did not get ready: {log.read_text(errors='replace')[-600:]}")


def _add_people(environ: dict[str, str], folder: Path, people: tuple[str, ...]) -> None:
    rows = [
        {"username": name, "email": f"{name}@example.org", "roles": ["member"], "password": PASSWORD}
        for name in people
    ]
    file = folder / "people.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    _run(environ, folder, "users", "import", str(file))


def _add_client(environ: dict[str, str], folder: Path, alg: str) -> Client:
    arguments = ["clients", "add", CLIENT_ID, "--redirect-uri", REDIRECT_URI]
    arguments += ["--backchannel-logout-uri", LOGOUT_URI]
    if alg != "ES256":
        arguments += ["--id-token-alg", alg]
    return Client(CLIENT_ID, json.loads(_run(environ, folder, *arguments))["client_secret"])


def _run(environ: dict[str, str], folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sso_center", *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise CannotStartError(
            f"sso-center {' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-600:]}"
        )
    return done.stdout
