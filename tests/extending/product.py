"""A copy of the product that is changed as whoever extends it would: new files, and lines in tables."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.extending.copied_center import CopiedCenter, copy_of_the_product

TOYS = Path(__file__).with_name("toys")


class Copy:
    """The copy: `add_file` and `add_line` change it, and count as what an extension costs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        copy_of_the_product(folder)

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


@contextmanager
def copied_center(copy: Copy, folders: pytest.TempPathFactory) -> Iterator[CopiedCenter]:
    """Run a center of the copy while the block runs."""
    center = CopiedCenter(folders.mktemp("center"), copy.folder)
    try:
        yield center.start()
    finally:
        center.close()
