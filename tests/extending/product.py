"""A copy of the product that is changed as whoever extends it would: new files, and lines in tables."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.center import RUNNING, Center
from tests.harness.waiting import eventually

ROOT = Path(__file__).parents[2]
TOYS = Path(__file__).with_name("toys")


class Copy:
    """The copy: `add_file` and `add_line` change it, and count as what an extension costs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(
            ROOT / "sso_center", folder / "sso_center", ignore=shutil.ignore_patterns("__pycache__")
        )

    def add_file(self, toy: str, path: str) -> None:
        """Put a toy to where the real one would stand; never in place of what is there."""
        target = self.folder / path
        assert not target.exists(), path
        shutil.copy(TOYS / toy, target)

    def add_line(self, path: str, line: str, *, after: str) -> None:
        """Write one line below another, which stands there once."""
        file = self.folder / path
        lines = file.read_text().splitlines()
        (place,) = [number for number, text in enumerate(lines) if text == after]
        file.write_text("\n".join([*lines[: place + 1], line, *lines[place + 1 :], ""]))


class CopiedCenter(Center):
    """A center of a copy: its own code in its own processes."""

    def __init__(self, copy: Copy, folder: Path) -> None:
        super().__init__(folder)
        self.copy = copy

    def start(self) -> "CopiedCenter":
        """Start `sso-center serve` of the copy."""
        with self.log_file.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            self.process = subprocess.Popen(  # type: ignore[assignment]
                [sys.executable, "-m", "sso_center", "serve"],
                env=self.environ,
                cwd=self.copy.folder,
                stdin=nothing,
                stdout=log,
                stderr=log,
            )
        RUNNING.append(self)
        eventually(self._is_ready, within=60, what=f"the start of the center at {self.issuer}")
        return self


@contextmanager
def copied_center(copy: Copy, folders: pytest.TempPathFactory) -> Iterator[CopiedCenter]:
    """Run a center of the copy while the block runs."""
    center = CopiedCenter(copy, folders.mktemp("center"))
    try:
        yield center.start()
    finally:
        center.close()
