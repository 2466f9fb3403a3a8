"""`python -m benchmarks`: see `--help`, and docs/benchmarks.md for what the numbers mean."""

import argparse
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from benchmarks.center import running_center
from benchmarks.oidc_provider import running_peer
from benchmarks.report import Row, memory_row, render, rows_of
from benchmarks.rounds import measure
from benchmarks.side import CannotStartError, Side
from benchmarks.wire import RefusedError
from benchmarks.work import TASKS, Crowd

STARTERS = {"center": running_center, "oidc-provider": running_peer}
LONGEST_RUN = 1800
EVERYTHING = (*(task.name for task in TASKS), "memory", "sdk")


def main() -> None:
    """Measure what was asked for and print the table."""
    options = _options()
    _bound_in_time()
    try:
        _run(options)
    except (CannotStartError, RefusedError) as trouble:
        sys.exit(f"benchmarks: {trouble}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1.5 s: for a look, not for a claim")
    parser.add_argument("--rounds", type=int, help="rounds that count (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (4)")
    parser.add_argument("--only", action="append", choices=EVERYTHING, help="repeat for several")
    parser.add_argument("--alg", default="ES256", choices=("ES256", "RS256"), help="signs ID tokens (ES256)")
    parser.add_argument("--workers", type=int, default=2, help="web processes of either side (2)")
    parser.add_argument("--side", action="append", choices=tuple(STARTERS), help="leave the other one out")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (1.5 if options.quick else 4.0)
    return options


def _bound_in_time() -> None:
    # Either way the stack unwinds, and with it everything that was started.
    def stop(number: int, _frame: object) -> NoReturn:
        sys.exit(f"benchmarks: stopped by {signal.Signals(number).name}")

    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, stop)
    signal.alarm(LONGEST_RUN)


def _run(options: argparse.Namespace) -> None:
    wanted = options.only or EVERYTHING
    tasks = [task for task in TASKS if task.name in wanted]
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = _start(stack, options)
        names = [side.name for side in sides]
        fresh = {side.name: side.service.memory() for side in sides}
        crowds = [Crowd(side, options.alg) for side in sides]
        for crowd in crowds:
            crowd.fresh_tokens()
            crowd.side.service.settled_cpu()
        used = {side.name: side.service.memory() for side in sides}
        for results in measure(tasks, crowds, rounds=options.rounds, seconds=options.seconds):
            rows += rows_of(results, names, "center")
    if "memory" in wanted:
        title = f"memory (PSS) of the tree with {options.workers} workers, MB"
        rows.append(Row(title))
        rows.append(memory_row("  idle, just started", fresh, "center", has_aim=False))
        rows.append(memory_row("  idle, after its first logins", used, "center", has_aim=True))
    peer = next((name for name in names if name != "center"), "")
    print(f"\nID tokens {options.alg}, {options.workers} workers a side, medians of {options.rounds} rounds "
          f"of {options.seconds:g} s in turn\n\n{render(rows, 'center', peer)}")  # fmt: skip


def _start(stack: ExitStack, options: argparse.Namespace) -> list[Side]:
    sides = []
    for name in options.side or STARTERS:
        print(f"starting {name} ...", flush=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sso-bench-")))
        try:
            start = STARTERS[name](folder, workers=options.workers, alg=options.alg)
            sides.append(stack.enter_context(start))
        except CannotStartError as missing:
            if name == "center":
                raise
            print(f"\nTHE PEER IS LEFT OUT: {missing}\nOnly the center is measured: no ratios.\n", flush=True)
    return sides


if __name__ == "__main__":
    main()
