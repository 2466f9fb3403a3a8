"""The demo's own data folder: kept between runs, used by one demo at a time, and never a real center's."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sso_center.base.errors import SettingsError

MARK = "this-is-a-demo"


@contextmanager
def demo_folder(folder: Path, *, is_fresh: bool) -> Iterator[Path]:
    """Give the folder, marked as a demo's, for as long as the block runs.

    Raises SettingsError when it holds something else (the demo's passwords are known to everybody), can't
    be written, or another demo uses it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = folder / MARK
        if not mark.exists() and any(folder.iterdir()):
            raise SettingsError(f"--data-dir: {folder} holds something else; choose an empty folder.")
        opened = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as failed:
        raise SettingsError(f"--data-dir: {folder} can't be written: {failed.strerror}") from failed
    try:
        _lock(opened, folder)
        if is_fresh:
            _empty(folder)
        yield folder
    finally:
        os.close(opened)


def _lock(opened: int, folder: Path) -> None:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as used:
        raise SettingsError(f"--data-dir: another demo uses {folder}.") from used


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == MARK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
