"""The models in docs/model hold what they claim, and do not when any one mechanism is taken out."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.harness.rounds import rounds

MODELS = Path(__file__).parents[2] / "docs" / "model"

TICKS = max(rounds(40) // 10, 2)
"""How long max_staleness is: two ticks show everything that four do, in a tenth of the states."""

pytestmark = [pytest.mark.needs_spin, pytest.mark.prove]


@dataclass(frozen=True)
class Verdict:
    """What an exhaustive search has found."""

    report: str

    @property
    def is_complete(self) -> bool:
        """Whether every state was looked at."""
        return "max search depth too small" not in self.report and "not completed" not in self.report

    @property
    def errors(self) -> int:
        """How many violations stopped it."""
        return int(self.report.partition("errors: ")[2].split()[0])


def check(model: str, folder: Path, *switches: str) -> Verdict:
    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    length = (f"MAX_STALENESS={TICKS}",) if model == "bound.pml" else ()
    defined = [f"-D{switch}" for switch in (*length, *switches)]
    run("spin", "-a", *defined, str(MODELS / model))
    run("gcc", "-O1", "-w", "-DSAFETY", "-DNOCLAIM", "-DCOLLAPSE", "-DMEMLIM=1500", "-o", "pan", "pan.c")
    return Verdict(run("./pan", "-m100000", "-w22"))


@pytest.mark.parametrize("model", ["bound.pml", "outage.pml"])
def test_the_claim_holds_in_every_state(model: str, tmp_path: Path) -> None:
    verdict = check(model, tmp_path)
    assert verdict.errors == 0, verdict.report
    assert verdict.is_complete, verdict.report


@pytest.mark.parametrize(
    "without",
    [
        "FROM_RECEIPT",
        "RESTAMP_AT_RECEIPT",
        "NO_LOW",
        "STREAM_MAKES_FRESH",
        "TOLD_BEFORE_APPLIED",
        "NO_REPLAY",
        "SAME_LINEAGE",
    ],
)
def test_the_bound_does_not_hold_without(without: str, tmp_path: Path) -> None:
    verdict = check("bound.pml", tmp_path, without)
    assert verdict.errors == 1, verdict.report
    assert "assertion violated" in verdict.report


def test_an_outage_that_lasts_too_long_is_noticed(tmp_path: Path) -> None:
    assert check("outage.pml", tmp_path, "TOO_LONG").errors == 1
