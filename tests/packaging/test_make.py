"""make explains itself, and names what to install when something is missing."""

import shutil
import subprocess
from pathlib import Path

from tests.packaging.conftest import ROOT


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder that holds nothing but what a clone's installation begins with."""
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return subprocess.run(
        ["make", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def python_that(folder: Path, fails_at: str) -> Path:
    """Write a python that fails when its program holds `fails_at`, as one without that part does."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\ncase "$*" in *{fails_at}*) exit 1;; esac\nexec python3 "$@"\n')
    program.chmod(0o755)
    return program


def test_make_alone_lists_its_targets(tmp_path: Path) -> None:
    listed = make(tmp_path).stdout
    for target in ("help", "install", "demo", "test", "prove", "lint", "bench"):
        assert f"  {target} " in listed


def test_a_python_without_venv_is_told_which_package_to_install(tmp_path: Path) -> None:
    done = make(tmp_path, "install", f"PYTHON={python_that(tmp_path, 'ensurepip')}")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_told_which_is_needed(tmp_path: Path) -> None:
    done = make(tmp_path, "install", f"PYTHON={python_that(tmp_path, 'version_info')}")
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout


def test_no_python_at_all_is_told_what_to_install(tmp_path: Path) -> None:
    done = make(tmp_path, "install", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "apt-get install python3 python3-venv" in done.stdout
