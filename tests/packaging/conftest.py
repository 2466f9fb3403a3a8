"""One wheel and one environment, grown extra by extra; what each stage showed is kept for the tests."""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sso_center", "client_sdk", "demo_apps")


@dataclass(frozen=True)
class Installed:
    """What an environment showed with one set of extras installed."""

    distributions: frozenset[str]
    import_sdk: subprocess.CompletedProcess[str]
    import_adapter: subprocess.CompletedProcess[str]
    command: subprocess.CompletedProcess[str]
    """`sso-center --help`."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a clean copy: an old build folder would hide that a file is left out."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir")
    _run(*pip, str(folder), str(source))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def packed(wheel: Path) -> frozenset[str]:
    """The names of all files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="session")
def stages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    """What a fresh environment showed with no extra, then with `flask`, then with `server`."""
    folder = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    return {extra: _install(folder, wheel, extra) for extra in ("", "flask", "server")}


def _install(folder: Path, wheel: Path, extra: str) -> Installed:
    python = str(folder / "bin" / "python")
    target = f"{wheel}[{extra}]" if extra else str(wheel)
    # By the pip of these tests, and uncompiled: what is imported is compiled then.
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", "--no-compile", "-c", str(ROOT / "constraints.txt"), target)
    listed = _run(*pip, "list", "--format=freeze").stdout
    return Installed(
        distributions=frozenset(line.partition("==")[0].lower() for line in listed.splitlines()),
        import_sdk=_ask(python, "-c", "import client_sdk, client_sdk.core"),
        import_adapter=_ask(python, "-c", "import client_sdk.flask"),
        command=_ask(str(folder / "bin" / "sso-center"), "--help"),
    )


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    done = _ask(*command)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done


def _ask(*command: str) -> subprocess.CompletedProcess[str]:
    # Away from the source tree, so that nothing is imported from there by accident.
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=300)
