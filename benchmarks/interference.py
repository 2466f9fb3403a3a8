"""Whether some disturb all: a handoff's latency at a modest rate, quiet and beside each nuisance in turn."""

from dataclasses import dataclass, field

from benchmarks.load import Sample
from benchmarks.nuisances import LOGINS, SLOW_FORMS, Nuisance, disturbed
from benchmarks.paced import pace
from benchmarks.processes import others_share
from benchmarks.work import Crowd, handoffs

RATE = 97
"""Handoffs a second: a tenth of what two cores can do. A prime number, so that the logins, ten a second,
meet them now in this moment and now in that."""

CONNECTIONS = 8
SECONDS = 4.3
"""Length of one measurement: over 400 units, so that its p99 is not the slowest one's."""

NUISANCES = (LOGINS, SLOW_FORMS)


@dataclass
class Interference:
    """The samples of a handoff, one a round: quiet, and beside each nuisance."""

    quiet: list[Sample] = field(default_factory=list)
    beside: dict[Nuisance, list[Sample]] = field(default_factory=lambda: {each: [] for each in NUISANCES})
    others: list[float] = field(default_factory=list)
    """Which share of the machine was used by others, a value for each measurement."""


def measure_interference(crowd: Crowd, *, rounds: int) -> Interference:
    """Quiet and beside each nuisance in turn, `rounds` times, after a quiet turn that is not counted."""
    found = Interference()
    _measure(crowd, None)
    for number in range(1, rounds + 1):
        for nuisance in (None, *NUISANCES):
            with others_share([crowd.side.service]) as others:
                sample, done = _measure(crowd, nuisance)
            (found.beside[nuisance] if nuisance else found.quiet).append(sample)
            found.others.append(others())
            print(
                f"round {number}/{rounds:<4} handoff {nuisance.name if nuisance else 'quiet':11}"
                f"{len(sample.latencies):5} at {sample.rate:.0f}/s"
                f"  p50 {sample.percentile_ms(50):6.1f}  p99 {sample.percentile_ms(99):6.1f} ms"
                f"  machine used by others {others():4.0%}{done}"
                + (f"  {sample.refused} REFUSED" if sample.refused else ""),
                flush=True,
            )
    return found


def _measure(crowd: Crowd, nuisance: Nuisance | None) -> tuple[Sample, str]:
    if nuisance is None:
        return _handoffs(crowd), ""
    with disturbed(crowd.side, nuisance) as stop:
        sample = _handoffs(crowd)
        return sample, f"  ({stop()})"


def _handoffs(crowd: Crowd) -> Sample:
    return pace(
        crowd.side,
        handoffs(crowd),
        rate=RATE,
        connections=min(CONNECTIONS, len(crowd.browsers)),
        goes_on=lambda number: number < RATE * SECONDS,
    )
