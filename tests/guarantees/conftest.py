"""Folders for what is killed rather than switched off."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def swift_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what a killed process has written is in it all the same."""
    if not IN_MEMORY.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=IN_MEMORY, prefix="sso-center-tests-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
