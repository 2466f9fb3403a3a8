"""The Granian that the front was tried with: it relies on parts that nobody promises."""

import configparser
from importlib.metadata import version

import pytest
from granian import _granian
from packaging.requirements import Requirement

from tests.harness.center import ROOT

TRIED = ("2.8",)
"""The series with which all of tests/server was green. Before another is added: run them with it."""

ADVICE = "server/worker.py and server/rsgi.py rely on it; see docs/server.md before allowing this Granian"


def test_only_a_granian_that_was_tried_is_installed() -> None:
    assert version("granian").startswith(TRIED), ADVICE


@pytest.mark.parametrize("other", ["2.7.9", "2.9.0", "3.0.0"])
def test_no_other_granian_is_allowed(other: str) -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    server = settings["options.extras_require"]["server"].split("\n")
    (granian,) = (Requirement(line) for line in server if line.startswith("granian"))
    assert granian.specifier.contains(version("granian"))
    assert not granian.specifier.contains(other), ADVICE


@pytest.mark.parametrize("part", ["CallbackScheduler", "RSGIWorker", "SocketHolder", "WorkerSignal"])
def test_the_parts_that_the_front_uses_are_there(part: str) -> None:
    assert hasattr(_granian, part), ADVICE
