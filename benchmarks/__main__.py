"""`python -m benchmarks`: see `--help`, and docs/benchmarks.md for what the numbers mean."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from benchmarks.against import compare
from benchmarks.center import running_center
from benchmarks.crowded import NoRoomError, check_room, measure_crowded
from benchmarks.interference import measure_interference
from benchmarks.logged_out import measure_logged_out
from benchmarks.oidc_provider import running_peer
from benchmarks.report import (
    Row,
    crowded_rows,
    interference_rows,
    logged_out_rows,
    memory_row,
    render,
    rows_of,
    sdk_rows,
    subscribers_rows,
)
from benchmarks.rounds import measure
from benchmarks.sdk import measure_sdk
from benchmarks.side import CannotStartError, Side
from benchmarks.subscribers import measure_subscribers
from benchmarks.wire import RefusedError
from benchmarks.work import CONNECTIONS, TASKS, Crowd

STARTERS = {"center": running_center, "oidc-provider": running_peer}
FULL, FULL_ENOUGH_FOR_A_LOOK = 1_000_000, 100_000
"""Sessions in the full store; with --quick."""

LEFT_OUT = "THE PEER IS LEFT OUT: {}\nOnly the center is measured: no ratios."
LONGEST_RUN = 3600
BY_THEMSELVES = ("sdk", "logged-out", "subscribers", "sessions")
EVERYTHING = (*(task.name for task in TASKS), "interference", "memory", *BY_THEMSELVES)


def main() -> None:
    """Measure what was asked for and print the table, or profile one kind of unit."""
    is_profile = sys.argv[1:2] == ["profile"]
    options = _profile_options(sys.argv[2:]) if is_profile else _options(sys.argv[1:])
    _bound_in_time()
    try:
        if is_profile:
            from benchmarks.profiling import profile  # noqa: PLC0415 - it loads the whole center

            profile(options.task, units=options.units, top=options.top, is_exact=options.exact)
        elif options.against:
            _compare(options)
        else:
            _run(options)
    except (CannotStartError, RefusedError) as trouble:
        sys.exit(f"benchmarks: {trouble}")


def _profile_options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks profile")
    parser.add_argument("task", choices=[task.name for task in TASKS])
    parser.add_argument("--units", type=int, default=5000, help="how many (5000)")
    parser.add_argument("--top", type=int, default=30, help="functions shown (30)")
    parser.add_argument("--exact", action="store_true", help="count every call instead of sampling")
    return parser.parse_args(arguments)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the center beside a peer; `profile TASK` looks inside.",
    )
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1.5 s: for a look, not for a claim")
    parser.add_argument("--rounds", type=int, help="rounds that count (5)")
    parser.add_argument("--seconds", type=float, help="length of one measurement (4)")
    parser.add_argument("--only", action="append", choices=EVERYTHING, help="repeat for several")
    parser.add_argument("--alg", default="ES256", choices=("ES256", "RS256"), help="signs ID tokens (ES256)")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="requests under way (16)")
    parser.add_argument("--workers", type=int, default=2, help="web processes of either side (2)")
    parser.add_argument("--sessions", type=int, help="held by the full store (1000000)")
    parser.add_argument(
        "--against", metavar="REV", help="another commit, instead of the peer: 9 rounds or more"
    )
    parser.add_argument("--side", action="append", choices=tuple(STARTERS), help="leave the other one out")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.sessions = options.sessions or (FULL_ENOUGH_FOR_A_LOOK if options.quick else FULL)
    options.seconds = options.seconds or (1.5 if options.quick else 4.0)
    return options


def _bound_in_time() -> None:
    # Either way the stack unwinds, and with it everything that was started.
    def stop(number: int, _frame: object) -> NoReturn:
        sys.exit(f"benchmarks: stopped by {signal.Signals(number).name}")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, stop)
    signal.alarm(LONGEST_RUN)


def _run(options: argparse.Namespace) -> None:
    wanted = options.only or EVERYTHING
    rows: list[Row] = []
    left_out: list[str] = []
    peer = ""
    if not set(BY_THEMSELVES).issuperset(wanted):
        with ExitStack() as stack:
            sides = _start(stack, options, left_out)
            peer = next((side.name for side in sides if side.name != "center"), "")
            rows += _measure_sides(sides, wanted, options)
    if "sdk" in wanted and "center" in (options.side or STARTERS):
        print("measuring the SDK ...", flush=True)
        rows += sdk_rows(measure_sdk(batches=5 * options.rounds))
    given = {"rounds": options.rounds, "workers": options.workers, "alg": options.alg}
    if "logged-out" in wanted:
        rows += logged_out_rows(measure_logged_out(**given))
    if "subscribers" in wanted:
        rows += subscribers_rows(measure_subscribers(**given))
    crowded = _measure_crowded(options, left_out) if "sessions" in wanted else ""
    print(
        f"\nID tokens {options.alg}, {options.workers} workers a side, {options.connections} connections, "
        f"medians of {options.rounds} rounds of {options.seconds:g} s in turn\n\n"
        f"{render(rows, 'center', peer) if rows else ''}"
    )
    print(crowded)
    print("\n".join(["", *left_out]) if left_out else "")


def _compare(options: argparse.Namespace) -> None:
    rows, is_slower = compare(
        options.against,
        only=options.only or (),
        rounds=options.rounds,
        seconds=options.seconds,
        connections=options.connections,
        workers=options.workers,
        alg=options.alg,
    )
    print(f"\n{render(rows, 'this tree', options.against)}")
    if is_slower:
        sys.exit(f"benchmarks: slower than {options.against}")


def _measure_crowded(options: argparse.Namespace, left_out: list[str]) -> str:
    try:
        check_room(options.sessions)
    except NoRoomError as too_little:
        left_out.append(f"THE FULL STORE IS LEFT OUT: {too_little}.")
        print(f"\n{left_out[-1]}\n", flush=True)
        return ""
    found = measure_crowded(
        sessions=options.sessions,
        rounds=options.rounds,
        seconds=options.seconds,
        workers=options.workers,
        alg=options.alg,
    )
    full, few = found.stores
    return f"\n{render(crowded_rows(found), full.name, few.name)}"


def _measure_sides(sides: Sequence[Side], wanted: Sequence[str], options: argparse.Namespace) -> list[Row]:
    names = [side.name for side in sides]
    fresh = {side.name: side.service.memory() for side in sides}
    crowds = [Crowd.signing_in(side, options.alg, options.connections) for side in sides]
    for crowd in crowds:
        crowd.fresh_tokens()
        crowd.side.service.settled_cpu()
    used = {side.name: side.service.memory() for side in sides}
    rows: list[Row] = []
    tasks = [task for task in TASKS if task.name in wanted]
    for results in measure(tasks, crowds, rounds=options.rounds, seconds=options.seconds):
        rows += rows_of(results, names, "center")
    if "interference" in wanted:
        for crowd in crowds:
            if crowd.side.name == "center":
                rows += interference_rows(measure_interference(crowd, rounds=options.rounds))
    if "memory" in wanted:
        rows.append(Row(f"memory (PSS) of the tree with {options.workers} workers, MB:"))
        rows.append(memory_row("  idle, just started", fresh, "center", has_aim=False))
        rows.append(memory_row("  idle, after its first logins", used, "center", has_aim=True))
    return rows


def _start(stack: ExitStack, options: argparse.Namespace, left_out: list[str]) -> list[Side]:
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
            print(f"\n{LEFT_OUT.format(missing)}\n", flush=True)
            left_out.append(LEFT_OUT.format(missing))
    return sides


if __name__ == "__main__":
    main()
