"""A center that runs from a copy of the product with something added: what the walking tours begin with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import sso_center
from tests.harness.center import LIFELINE, RUNNING, Center
from tests.harness.waiting import eventually


def copy_of_the_product(folder: Path) -> Path:
    """Copy the package into `folder`, and return where it stands there."""
    package = folder / "sso_center"
    shutil.copytree(Path(sso_center.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


class CopiedCenter(Center):
    """A center whose processes and commands run from the copy in `code`."""

    def __init__(self, folder: Path, code: Path) -> None:
        super().__init__(folder)
        self._code = code

    def start(self) -> "CopiedCenter":
        """Start `sso-center serve` of the copy."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*LIFELINE, *self._command("serve")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._place,
            )
        RUNNING.append(self)
        eventually(self._is_ready, within=60, what=f"the start of the center at {self.issuer}")
        return self

    def run(
        self, *arguments: str, stdin: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the copy."""
        done = subprocess.run(
            self._command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            **self._place,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sso_center", *arguments]

    @property
    def _place(self) -> dict[str, object]:
        return {"cwd": self._code, "env": {**self.environ, "PYTHONPATH": os.fspath(self._code)}}
