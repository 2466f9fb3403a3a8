"""The folder of the embedded server: its socket, its log, and the locks by which processes agree.

Three files beside the data decide who may do what, by `flock`, so that the kernel cleans up after a crash and
no stale file is ever believed:

- `server.lock` is held by the server process itself for as long as it lives: it inherits the locked file.
  Whoever gets the lock knows that no server runs, and starts one with it.
- `users.lock` is held shared by every process that uses the server. A process that leaves and gets the lock
  for itself alone was the last user, and stops the server.
- `runtime-folder` names the folder of the socket when the data folder's own path is too long for one.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from pathlib import Path

from sso_center.base.errors import SettingsError

MAX_SOCKET_PATH = 100


class ServerFolder:
    """The folder of one embedded server. Raises SettingsError when it can't be written."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.path = data_dir / "valkey"
        self.log_path = self.path / "valkey.log"
        self.pid_path = self.path / "valkey.pid"

    @property
    def socket_path(self) -> Path:
        """Where the server listens; the folder is made when it is missing."""
        own = self._prepared() / "valkey.sock"
        if len(os.fsencode(own)) <= MAX_SOCKET_PATH:
            return own
        return self._runtime_folder() / "valkey.sock"

    def take_lock(self, name: str) -> int | None:
        """Return the lock file when nobody else holds the lock, None when somebody does."""
        opened = self.open_lock(name)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            return None
        return opened

    def open_lock(self, name: str) -> int:
        """Return a lock file, opened and not locked yet."""
        try:
            return os.open(self._prepared() / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failed:
            raise _unusable(self._data_dir, failed) from failed

    def _prepared(self) -> Path:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.path.stat().st_uid
        except OSError as failed:
            raise _unusable(self._data_dir, failed) from failed
        if owner != os.geteuid():
            raise SettingsError(
                f"SSO_DATA_DIR is {str(self._data_dir)!r} but that belongs to another user (number {owner}); "
                "run this as that user"
            )
        return self.path

    def _runtime_folder(self) -> Path:
        """Return the short folder for the socket that all processes of this data folder agree on."""
        record = self.path / "runtime-folder"
        with contextlib.suppress(OSError):
            recorded = Path(record.read_text(encoding="utf-8"))
            if _is_private(recorded):
                return recorded
        return self._new_runtime_folder(record)

    def _new_runtime_folder(self, record: Path) -> Path:
        lock = self.open_lock("runtime.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with contextlib.suppress(OSError):
                recorded = Path(record.read_text(encoding="utf-8"))
                if not recorded.exists():
                    recorded.mkdir(mode=0o700)  # deleted by a cleaner; others know the path
                if _is_private(recorded):
                    return recorded
            made = Path(tempfile.mkdtemp(prefix="sso-center-"))
            draft = record.with_suffix(".new")
            draft.write_text(str(made), encoding="utf-8")
            draft.replace(record)
            return made
        finally:
            os.close(lock)


def _unusable(data_dir: Path, failed: OSError) -> SettingsError:
    return SettingsError(
        f"SSO_DATA_DIR is {str(data_dir)!r} but that folder can't be written: {failed.strerror or failed}"
    )


def _is_private(folder: Path) -> bool:
    # Anybody may create a folder of that name in a shared temporary folder once ours was deleted.
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
