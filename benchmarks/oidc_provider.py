"""Starts the peer: npm's oidc-provider on a Redis of its own, set up in the folder `peer`."""

import json
import secrets
import shutil
import socket
import subprocess
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
from benchmarks.wire import Origin
from sso_center.storage.embedded import server_program

HOME = Path(__file__).parent / "peer"


@contextmanager
def running_peer(folder: Path, *, workers: int, alg: str) -> Iterator[Side]:
    """The peer with its Redis, both living in `folder`, stopped at the end. Raises CannotStartError."""
    install()
    socket_path = folder / "redis.sock"
    redis = subprocess.Popen(_redis_command(folder, socket_path), cwd=folder, stdout=subprocess.DEVNULL)
    roots = [redis.pid]
    try:
        _wait_for_socket(socket_path)
        shop, keeper = (Client(name, secrets.token_urlsafe(32)) for name in ("shop", "keeper"))
        port = free_port()
        origin = Origin(port, f"peer.localhost:{port}")
        sites = (_registration(shop), _registration(keeper, "refresh_token"))
        _start_node(folder, _setup(origin, socket_path, sites, workers, alg), roots)
        yield Side(
            "oidc-provider",
            origin,
            shop,
            keeper,
            Endpoints.discover(origin),
            usernames("visitor"),
            usernames("newcomer"),
            Service(tuple(roots), folder),
        )
    finally:
        Service(tuple(roots), folder).stop()


def install() -> None:
    """Bring the packages the lock file names, once. Raises CannotStartError when Node or npm is missing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CannotStartError(
                f"{program} is not there (Debian: apt-get install nodejs npm; Node 20 or newer)"
            )
    installed, locked = HOME / "node_modules" / ".package-lock.json", HOME / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
        return
    print("installing the peer (npm ci) ...", flush=True)
    try:
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--silent"],
            cwd=HOME, check=False, timeout=300, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise CannotStartError("npm ci took more than five minutes") from late
    if done.returncode:
        raise CannotStartError(f"npm ci failed: {done.stderr.strip()[-300:]}")
    installed.touch()


def _redis_command(folder: Path, socket_path: Path) -> list[str]:
    # As the center's own: written to a file, synced once a second, texts in hashes kept compact.
    return [
        *LIFELINE, server_program(), "--port", "0", "--unixsocket", str(socket_path),
        "--unixsocketperm", "700",
        "--dir", str(folder), "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
        "--hash-max-listpack-value", "512",
    ]  # fmt: skip


def _wait_for_socket(path: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                return
        time.sleep(0.02)
    raise CannotStartError("the peer's Redis did not start")


def _start_node(folder: Path, told: dict[str, object], roots: list[int]) -> None:
    setup = folder / "setup.json"
    setup.write_text(json.dumps(told))
    with (folder / "peer.log").open("wb") as log:
        node = subprocess.Popen(
            [*LIFELINE, "node", str(HOME / "index.js"), str(setup)],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    roots.append(node.pid)
    assert node.stdout is not None
    if node.stdout.readline().strip() != b"ready":
        raise CannotStartError(f"the peer did not start: {(folder / 'peer.log').read_text()[-600:]}")


def _environment() -> dict[str, str]:
    path = shutil.which("node")
    assert path is not None
    return {"PATH": f"{Path(path).parent}:/usr/bin:/bin", "NODE_ENV": "production"}


def _registration(client: Client, *more_grant_types: str) -> dict[str, object]:
    return {
        "id": client.client_id,
        "secret": client.secret,
        "redirectUri": REDIRECT_URI,
        "logoutUri": LOGOUT_URI,
        "grantTypes": ["authorization_code", *more_grant_types],
    }


def _setup(
    origin: Origin, socket_path: Path, sites: tuple[dict[str, object], ...], workers: int, alg: str
) -> dict[str, object]:
    people = [
        {
            "sub": secrets.token_hex(8),
            "username": username,
            "name": username.title(),
            "email": f"{username}@example.org",
            "roles": ["member"],
            "password": PASSWORD,
        }
        for username in usernames("visitor") + usernames("newcomer")
    ]
    return {
        "issuer": origin.url,
        "port": origin.port,
        "workers": workers,
        "alg": alg,
        "redisSocket": str(socket_path),
        "clients": sites,
        "people": people,
    }
