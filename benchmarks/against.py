"""This tree beside another commit of it: is what people wait for most no slower than it was?"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.center import running_center
from benchmarks.report import Row, paired_rows
from benchmarks.rounds import measure, paired_interval
from benchmarks.side import CannotStartError
from benchmarks.work import TASKS, Crowd

HERE = Path(__file__).parents[1]
COMPARED = ("handoff", "check", "refresh")

LEAST_ROUNDS = 9
"""With fewer pairs the interval is too wide to tell anything."""

SLOWER = 1.03
"""A task is slower when the whole interval of its ratios lies above this."""


def compare(
    revision: str,
    *,
    only: Sequence[str],
    rounds: int,
    seconds: float,
    connections: int,
    workers: int,
    alg: str,
) -> tuple[list[Row], bool]:
    """Measure this tree and `revision` in turn; return the table's rows, and whether any task is slower.

    Raises CannotStartError when there is no such commit, or its center can't start with these libraries.
    """
    tasks = [task for task in TASKS if task.name in (only or COMPARED)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bench-")))
        other = stack.enter_context(checked_out(revision))
        start = partial(running_center, workers=workers, alg=alg)
        sides = [
            stack.enter_context(start(folder / "this", name="this tree")),
            stack.enter_context(start(folder / "other", name=revision, code=other)),
        ]
        crowds = [Crowd.signing_in(side, alg, connections) for side in sides]
        found = measure(tasks, crowds, rounds=max(rounds, LEAST_ROUNDS), seconds=seconds)
    rows = [row for results in found for row in paired_rows(results, "this tree", revision, SLOWER)]
    pairs = [(results.cpu("this tree"), results.cpu(revision)) for results in found]
    return rows, any(paired_interval(*pair).low > SLOWER for pair in pairs)


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give a folder with the tree of a commit, removed at the end. Raises CannotStartError."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    with tempfile.TemporaryDirectory(prefix="sso-bench-code-") as place:
        archive = Path(place, "tree.tar")
        for command in (
            ["git", "-C", str(HERE), "archive", f"--output={archive}", f"{revision}^{{commit}}"],
            ["tar", "-C", place, "-xf", str(archive)],
        ):
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CannotStartError(f"{revision} can't be had: {done.stderr.strip()}")
        yield Path(place)
