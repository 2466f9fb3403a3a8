"""A private PostgreSQL in a temporary folder, reached over a Unix socket."""

import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tests.harness.waiting import eventually

# It refuses to run as root: then it runs as the user that its package made.
SERVER_USER = "postgres"


@cache
def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs; `needs_postgresql` says whether there is one."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))


@cache
def shared_postgres() -> "PostgresServer":
    """Return the server of this process of tests, for whoever needs a database and lets the server live."""
    server = PostgresServer()
    atexit.register(server.close)
    return server.start()


class PostgresServer:
    """A server that is started, killed and started again at the same address; its data stays."""

    def __init__(self) -> None:
        # Not below pytest's folders: those are closed to the user it runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="sso-postgres-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(SERVER_USER)
            self._identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", "data", "-U", "center", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> Self:
        """Start it and return when it answers."""
        quick = [word for name in ("fsync", "full_page_writes") for word in ("-c", f"{name}=off")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(postgres_programs() / "postgres"),
                    *("-D", "data", "-k", str(self.folder)),
                    *("-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=16MB"),
                    *quick,
                ],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._identity,
            )
        eventually(self._answers, what="the start of PostgreSQL")
        return self

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"t{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the address of a database to give to the center."""
        return f"postgresql://center@/{name}?host={self.folder}"

    def connect(self, name: str = "postgres") -> psycopg.Connection[Any]:
        """Return a plain connection in autocommit mode."""
        return psycopg.connect(f"host={self.folder} user=center dbname={name}", autocommit=True)

    def kill(self) -> None:
        """Stop it at once, as a crash would: it recovers at its next start."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        """Stop it and remove its data."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=60)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "server.log").read_text()
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(postgres_programs() / program), *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._identity,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
