"""Starts our own center as its users do: sites and people by the command line, then `sso-center serve`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
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
from sso_center.base.settings import load_settings
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services
from sso_center.storage.embedded import EmbeddedServer

Fill = Callable[[dict[str, str]], None]
"""Is given the settings, as environment variables."""


@contextmanager
def running_center(
    folder: Path,
    *,
    workers: int,
    alg: str,
    name: str = "center",
    fill: Fill | None = None,
    code: Path | None = None,
) -> Iterator[Side]:
    """The center with its embedded stores, all in `folder`, stopped at the end. Raises CannotStartError.

    `fill` puts more into the stores before anybody is served. `code` is the tree whose center it is, when
    that is not this one.
    """
    folder.mkdir(exist_ok=True)
    port = free_port()
    origin = Origin(port, f"sso.localhost:{port}")
    environ = _environment(origin, folder, workers)
    if code is not None:
        environ["PYTHONPATH"] = str(code)
    visitors, newcomers = usernames("visitor"), usernames("newcomer")
    with _kept_store(folder):
        shop = _add_client(environ, folder, "shop", alg)
        keeper = _add_client(environ, folder, "keeper", alg, "authorization_code", "refresh_token")
        _add_people(environ, folder, visitors + newcomers)
        if fill is not None:
            fill(environ)
        serve = _serve(environ, folder)
        service = Service((serve.pid,), folder)
        try:
            _wait_until_ready(origin, serve, folder / "center.log")
        except BaseException:
            service.stop()
            raise
    try:
        yield Side(name, origin, shop, keeper, Endpoints.discover(origin), visitors, newcomers, service)
    finally:
        service.stop()


@contextmanager
def opened_core(environ: Mapping[str, str]) -> Iterator[Services]:
    """The core of a center with these settings, beside the running one, as its command line opens it.

    It has its threads: processes are forked before.
    """
    services = build_services(load_settings({**environ, "SSO_REDIS_TIMEOUT_MS": "10000"}), FACADES)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def _kept_store(folder: Path) -> Iterator[None]:
    """Keep the embedded server running for the block: else each command would start and stop it."""
    server = EmbeddedServer(folder / "data")
    server.join()
    try:
        yield
    finally:
        server.leave()


def _serve(environ: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "center.log").open("wb") as log:
        return subprocess.Popen(
            [*LIFELINE, sys.executable, "-m", "sso_center", "serve"],
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


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


def _add_client(environ: dict[str, str], folder: Path, client_id: str, alg: str, *grant_types: str) -> Client:
    arguments = ["clients", "add", client_id, "--redirect-uri", REDIRECT_URI]
    arguments += ["--backchannel-logout-uri", LOGOUT_URI]
    if alg != "ES256":
        arguments += ["--id-token-alg", alg]
    for grant_type in grant_types:
        arguments += ["--grant-type", grant_type]
    return Client(client_id, json.loads(_run(environ, folder, *arguments))["client_secret"])


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
